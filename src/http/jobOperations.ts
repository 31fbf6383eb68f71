// Operations on a job that take their time, in Flink's paths: a savepoint, a stop with one, a new parallelism. Each is a command in the log,
// under the id that its caller polls by; what became of it is read from the replica, so that any JobManager can tell.
import type { FastifyInstance } from 'fastify';
import { MAX_PATH_CHARS } from '../core/checkpointConfig.ts';
import { MAX_PARALLELISM } from '../core/executionGraph.ts';
import type { Command } from '../core/inputs.ts';
import type { ClusterView } from './clusterView.ts';
import { RequestError } from './errors.ts';
import { failureCause } from './failureCause.ts';
import { readJson } from './jsonBody.ts';

/** Operations of this process that may not be in its replica yet; the oldest are forgotten, which are there by then. */
const MAX_TRIGGERED = 1_000;
/** Characters of what was sent that an error repeats. */
const MAX_QUOTED_CHARS = 100;
const TRIGGER_ID = /^[0-9a-f]{32}$/;

/** As sent to `…/savepoints` (with hyphens) and to `…/stop` (in camel case). */
interface SavepointBody {
  readonly directory: string | null;
  readonly cancels: boolean;
  readonly triggerId: string | null;
}

interface JobRequest {
  Params: { jobId: string };
}
interface TriggerRequest {
  Params: { jobId: string; triggerId: string };
}

/** Ids of operations that this process has handed to the log. */
export class Triggered {
  readonly #ids = new Map<string, string>();

  add(triggerId: string, jobId: string): void {
    this.#ids.set(triggerId, jobId);
    const [oldest] = this.#ids.keys();
    if (oldest !== undefined && this.#ids.size > MAX_TRIGGERED) this.#ids.delete(oldest);
  }

  has(triggerId: string, jobId: string): boolean {
    return this.#ids.get(triggerId) === jobId;
  }
}

export function addJobOperations(app: FastifyInstance, view: ClusterView, triggered: Triggered): void {
  app.register(async (routes) => {
    readJson(routes);
    routes.post<JobRequest>('/jobs/:jobId/savepoints', async ({ params, body }, reply) => {
      const { directory, cancels, triggerId } = savepointBody(body, 'target-directory', 'cancel-job');
      const command = (ids: Ids): Command => {
        const targetPath = targetOf(directory);
        if (!cancels) return { type: 'TriggerSavepoint', ...ids, targetPath };
        return { type: 'StopWithSavepoint', ...ids, targetPath, drain: false };
      };
      return reply.code(202).send(await trigger(params.jobId, triggerId, command));
    });
    routes.post<JobRequest>('/jobs/:jobId/stop', async ({ params, body }, reply) => {
      const { directory, triggerId } = savepointBody(body, 'targetDirectory', null);
      const drain = (body as { drain?: unknown } | null)?.drain ?? false;
      if (typeof drain !== 'boolean') throw new RequestError(400, '"drain" must be true or false.');
      const command = (ids: Ids): Command => ({
        type: 'StopWithSavepoint',
        ...ids,
        targetPath: targetOf(directory),
        drain,
      });
      return reply.code(202).send(await trigger(params.jobId, triggerId, command));
    });
    routes.post<JobRequest>('/jobs/:jobId/checkpoints', async ({ params, body }, reply) => {
      const { triggerId } = savepointBody(body, 'targetDirectory', null);
      const command = (ids: Ids): Command => ({ type: 'RequestCheckpoint', ...ids });
      return reply.code(202).send(await trigger(params.jobId, triggerId, command));
    });
    routes.patch<JobRequest & { Querystring: { parallelism?: string } }>(
      '/jobs/:jobId/rescaling',
      async ({ params, query }, reply) => {
        const parallelism = Number(query.parallelism);
        if (!Number.isInteger(parallelism) || parallelism < 1 || parallelism > MAX_PARALLELISM) {
          const given = String(query.parallelism ?? '').slice(0, MAX_QUOTED_CHARS);
          throw new RequestError(
            400,
            `"${given}" is no parallelism: pass ?parallelism=N, from 1 to ${MAX_PARALLELISM}.`,
          );
        }
        return reply
          .code(200)
          .send(await trigger(params.jobId, null, (ids) => ({ type: 'RescaleJob', ...ids, parallelism })));
      },
    );
  });
  app.get<TriggerRequest>('/jobs/:jobId/savepoints/:triggerId', ({ params }) => outcomeOf(params));
  app.get<TriggerRequest>('/jobs/:jobId/rescaling/:triggerId', ({ params }) => outcomeOf(params));
  app.get<TriggerRequest>('/jobs/:jobId/checkpoints/:triggerId', ({ params }) =>
    outcomeOf(params, (path) => ({ checkpointId: Number(/chk-(\d+)$/.exec(path)?.[1] ?? 0) })),
  );

  type Ids = Pick<Extract<Command, { jobId: string }>, 'commandId' | 'jobId'>;

  async function trigger(jobId: string, triggerId: string | null, command: (ids: Ids) => Command): Promise<object> {
    // Of an unknown job too, as in Flink: why it fails is told to whoever polls.
    if (!TRIGGER_ID.test(jobId))
      throw new RequestError(400, `"${jobId}" is not a JobID: it must be 32 lower-case hex digits.`);
    const commandId = triggerId ?? view.newCommandId();
    const message = command({ commandId, jobId });
    try {
      await view.send(message);
    } catch (error) {
      throw new RequestError(503, `This could not be handed to the leader: ${(error as Error).message}`);
    }
    triggered.add(commandId, jobId);
    return { 'request-id': commandId };
  }

  /** Null: the leader puts it into the configured folder. */
  function targetOf(directory: string | null): string | null {
    if (directory !== null || view.storage.savepointDirectory !== null) return directory;
    throw new RequestError(
      400,
      'No savepoint directory: name one in the request, or set execution.checkpointing.savepoint-dir in sluice.yaml.',
    );
  }

  function outcomeOf(
    { jobId, triggerId }: TriggerRequest['Params'],
    done: (path: string) => object = (location) => ({ location }),
  ): object {
    const answer = view.state.answers.get(triggerId)?.answer;
    if (answer !== undefined && answer.jobId === jobId) {
      const { rejection, message, path } = answer;
      const operation = rejection === null ? done(path ?? '') : { 'failure-cause': failureCause(message) };
      return { status: { id: 'COMPLETED' }, operation };
    }
    const pending = [...(view.state.jobs.get(jobId)?.checkpoints.pending.values() ?? [])];
    const underWay = pending.some(({ commandId }) => commandId === triggerId) || triggered.has(triggerId, jobId);
    if (underWay) return { status: { id: 'IN_PROGRESS' }, operation: null };
    throw new RequestError(404, `There is no operation ${triggerId} of job ${jobId}, or it ended long ago.`);
  }
}

function savepointBody(body: unknown, directoryKey: string, cancelKey: string | null): SavepointBody {
  if (body != null && (typeof body !== 'object' || Array.isArray(body)))
    throw new RequestError(400, 'The body must be a JSON object, or be left out.');
  const fields = (body ?? {}) as Readonly<Record<string, unknown>>;
  // Flink's formatType is taken and means nothing: there is one format.
  const known = [directoryKey, cancelKey ?? 'drain', 'formatType', 'triggerId'];
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new RequestError(
      400,
      `The field "${unknown.slice(0, MAX_QUOTED_CHARS)}" is not known: there are ${known.join(', ')}.`,
    );
  const directory = fields[directoryKey] ?? null;
  if (directory !== null && (typeof directory !== 'string' || directory.trim() === ''))
    throw new RequestError(400, `"${directoryKey}" must be the name of a folder.`);
  if (directory !== null && (directory.length > MAX_PATH_CHARS || directory.includes('\0')))
    throw new RequestError(400, `"${directoryKey}" must be a path of at most ${MAX_PATH_CHARS} characters.`);
  const cancels = cancelKey === null ? false : (fields[cancelKey] ?? false);
  if (typeof cancels !== 'boolean') throw new RequestError(400, `"${cancelKey}" must be true or false.`);
  const triggerId = fields.triggerId ?? null;
  if (triggerId !== null && (typeof triggerId !== 'string' || !TRIGGER_ID.test(triggerId)))
    throw new RequestError(400, '"triggerId" must be 32 lower-case hex digits.');
  return { directory, cancels, triggerId };
}
