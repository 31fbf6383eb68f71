// Request bodies of the few routes that read one: JSON of any content type, or nothing, within a bound.
import type { FastifyInstance } from 'fastify';
import { RequestError } from './errors.ts';

const MAX_BODY_BYTES = 64 * 1024;

/** For all routes of this scope; `body` is null where there is none. */
export function readJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: MAX_BODY_BYTES }, (_request, body, done) => {
    const text = String(body).trim();
    if (text === '') return done(null, null);
    try {
      done(null, JSON.parse(text));
    } catch (error) {
      done(new RequestError(400, `The body is not JSON: ${(error as Error).message}.`));
    }
  });
}
