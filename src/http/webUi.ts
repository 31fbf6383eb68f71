// Serves the web UI: the page at `/`, what it loads under `/assets/`. The few files are read once, whole, when REST is opened: a page and its
// script are always of one build, even where dist/ is built anew meanwhile, and no path that is asked for ever reaches the file system.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { packageRoot } from '../packageRoot.ts';
import { RequestError } from './errors.ts';

export const WEB_UI_FOLDER = path.join(packageRoot, 'dist', 'ui');

const PAGE = 'index.html';
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** Scripts, styles and data come from this server alone; nothing in the page is run, framed or sent elsewhere. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
/** Names of assets have a hash of their content; the page has none and is asked for anew. */
const CACHE_FOR_EVER = 'public, max-age=31536000, immutable';
const ASK_AGAIN = 'no-cache';

interface WebFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
}

export function addWebUi(app: FastifyInstance, folder: string): void {
  const files = readFiles(folder);
  app.get('/', (request, reply) => {
    const page = files.get(PAGE);
    if (page === undefined) throw new RequestError(404, 'The web UI has not been built: run `npm run build`.');
    return answer(page, ASK_AGAIN, request, reply);
  });
  app.get<{ Params: { name: string } }>('/assets/:name', (request, reply) => {
    const { name } = request.params;
    const asset = name === PAGE ? undefined : files.get(name);
    if (asset === undefined) throw new RequestError(404, `There is no asset ${name.slice(0, 60)}: reload the page.`);
    return answer(asset, CACHE_FOR_EVER, request, reply);
  });
}

function answer(file: WebFile, cacheControl: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', cacheControl)
    .header('vary', 'accept-encoding')
    .header('etag', file.etag);
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  reply.header('content-type', file.type);
  if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(file.bytes);
  return reply.header('content-encoding', 'gzip').send(file.gzipped);
}

/** Empty where the UI has not been built, as when the sources run without dist/. */
function readFiles(folder: string): ReadonlyMap<string, WebFile> {
  const files = new Map<string, WebFile>();
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  for (const name of names) {
    const type = CONTENT_TYPES[path.extname(name)];
    if (type === undefined) continue;
    const bytes = fs.readFileSync(path.join(folder, name));
    // Weak: of the same content, compressed or not.
    const etag = `W/"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
    files.set(name, { type, bytes, gzipped: gzipSync(bytes), etag });
  }
  return files;
}
