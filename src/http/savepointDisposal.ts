// `/savepoint-disposal` in Flink's way: asked for by POST, polled by the id that it answered. Done by the process that was asked, since it is no
// matter of the cluster's state.
import type { FastifyInstance } from 'fastify';
import type { ClusterView } from './clusterView.ts';
import { RequestError } from './errors.ts';
import { failureCause } from './failureCause.ts';
import { readJson } from './jsonBody.ts';

/** Disposals that can be asked after; of more, the oldest are forgotten. */
const MAX_DISPOSALS = 1_000;

/** By request id: under way, done, or why it failed. */
export type Disposals = Map<string, 'IN_PROGRESS' | 'DONE' | Error>;

export function addSavepointDisposal(app: FastifyInstance, view: ClusterView, disposals: Disposals): void {
  app.register(async (routes) => {
    readJson(routes);
    routes.post('/savepoint-disposal', async ({ body }) => {
      const path = (body as { 'savepoint-path'?: unknown } | null)?.['savepoint-path'];
      if (typeof path !== 'string' || path === '')
        throw new RequestError(400, '"savepoint-path" must name the savepoint.');
      const id = view.newCommandId();
      disposals.set(id, 'IN_PROGRESS');
      const [oldest] = disposals.keys();
      if (oldest !== undefined && disposals.size > MAX_DISPOSALS) disposals.delete(oldest);
      view.storage.dispose(path).then(
        () => disposals.set(id, 'DONE'),
        (error: Error) => disposals.set(id, error),
      );
      return { 'request-id': id };
    });
  });
  app.get<{ Params: { id: string } }>('/savepoint-disposal/:id', ({ params }) => {
    const found = disposals.get(params.id);
    if (found === undefined) throw new RequestError(404, `There is no disposal ${params.id.slice(0, 40)}.`);
    if (found === 'IN_PROGRESS') return { status: { id: found }, operation: null };
    const operation = found === 'DONE' ? {} : { 'failure-cause': failureCause(found.message) };
    return { status: { id: 'COMPLETED' }, operation };
  });
}
