// The routes of REST v1: Flink's paths and fields, each with and without `/v1`, and `/jobmanagers` of our own; and the web UI at `/`. Every
// JobManager answers from its own replica, leader or not.
import fastify, { type FastifyInstance } from 'fastify';
import { MAX_TASK_MANAGERS } from '../core/inputLimits.ts';
import type { Job } from '../core/state.ts';
import type { Logger } from '../ports/logger.ts';
import { checkpointConfig, checkpointDetails, checkpointsOverview } from './checkpointResources.ts';
import { checkpointSubtasks } from './checkpointSubtasks.ts';
import { clusterOverview, config, jobManagersOverview } from './clusterResources.ts';
import type { ClusterView } from './clusterView.ts';
import { RequestError } from './errors.ts';
import { jobConfig } from './jobConfig.ts';
import { addJobOperations, Triggered } from './jobOperations.ts';
import { jobDetails, jobExceptions, jobIds, jobsOverview } from './jobResources.ts';
import { addLiveViews } from './liveViews.ts';
import { addSavepointDisposal, type Disposals } from './savepointDisposal.ts';
import { taskManagerDetails, taskManagersOverview } from './taskManagerResources.ts';
import { addVertexMetrics } from './vertexMetrics.ts';
import { addWebUi, WEB_UI_FOLDER } from './webUi.ts';

const REFUSED_SUBMISSION =
  'Jobs are not submitted as JAR files or serialised graphs: run `sluice run FILE`, or append a SubmitJob to the topic commands.';

/** `webUiFolder`: what `npm run build` made of src/ui. */
export function buildApp(view: ClusterView, logger: Logger, webUiFolder = WEB_UI_FOLDER): FastifyInstance {
  const app = fastify({ logger: false, routerOptions: { ignoreTrailingSlash: true } });
  // Nothing of what is answered is to be taken for anything but what it says it is.
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
  });
  ignoreBodies(app);
  answerErrors(app, logger);
  const triggered = new Triggered();
  const disposals: Disposals = new Map();
  app.register(async (routes) => addRoutes(routes, view, triggered, disposals));
  app.register(async (routes) => addRoutes(routes, view, triggered, disposals), { prefix: '/v1' });
  addWebUi(app, webUiFolder);
  return app;
}

function addRoutes(app: FastifyInstance, view: ClusterView, triggered: Triggered, disposals: Disposals): void {
  app.get('/overview', () => clusterOverview(view));
  app.get('/config', () => config());
  app.get('/jobs', () => jobIds(view));
  app.get('/jobs/overview', () => jobsOverview(view));
  app.post('/jobs', () => {
    throw new RequestError(400, REFUSED_SUBMISSION);
  });
  app.get<JobRequest>('/jobs/:jobId', ({ params }) => jobDetails(jobOf(view, params.jobId), view));
  app.get<JobRequest>('/jobs/:jobId/config', ({ params }) => jobConfig(jobOf(view, params.jobId)));
  app.get<JobRequest>('/jobs/:jobId/checkpoints', ({ params }) => checkpointsOverview(jobOf(view, params.jobId), view));
  app.get<JobRequest>('/jobs/:jobId/checkpoints/config', ({ params }) => checkpointConfig(jobOf(view, params.jobId)));
  app.get<{ Params: { jobId: string; id: string } }>('/jobs/:jobId/checkpoints/details/:id', ({ params }) =>
    checkpointDetails(jobOf(view, params.jobId), params.id, view),
  );
  app.get<{ Params: { jobId: string; id: string; vertexId: string } }>(
    '/jobs/:jobId/checkpoints/details/:id/subtasks/:vertexId',
    ({ params }) => checkpointSubtasks(jobOf(view, params.jobId), params.id, params.vertexId),
  );
  addVertexMetrics(app, view, (jobId) => jobOf(view, jobId));
  addJobOperations(app, view, triggered);
  addSavepointDisposal(app, view, disposals);
  app.get<JobRequest>('/jobs/:jobId/exceptions', ({ params }) => jobExceptions(jobOf(view, params.jobId)));
  app.patch<JobRequest & { Querystring: { mode?: string } }>('/jobs/:jobId', async ({ params, query }, reply) => {
    const mode = query.mode ?? 'cancel';
    if (mode !== 'cancel') throw new RequestError(400, `The mode "${mode}" is not known; the only one is "cancel".`);
    await cancel(view, params.jobId);
    return reply.code(202).send({});
  });
  // The dashboard's button.
  app.get<JobRequest>('/jobs/:jobId/yarn-cancel', async ({ params }, reply) => {
    await cancel(view, params.jobId);
    return reply.code(202).send({});
  });
  app.get('/taskmanagers', () => taskManagersOverview(view));
  app.patch<{ Querystring: { desired?: string } }>('/taskmanagers', async ({ query }, reply) => {
    await setDesired(view, query.desired);
    return reply.code(202).send({});
  });
  app.get<{ Params: { taskManagerId: string } }>('/taskmanagers/:taskManagerId', ({ params }) => {
    const taskManager = view.state.taskManagers.get(params.taskManagerId);
    if (taskManager === undefined) throw new RequestError(404, `TaskManager ${params.taskManagerId} is not known.`);
    return taskManagerDetails(taskManager, view);
  });
  app.get('/jobmanagers', () => jobManagersOverview(view));
  addLiveViews(app, view);
}

interface JobRequest {
  Params: { jobId: string };
}

function jobOf(view: ClusterView, jobId: string): Readonly<Job> {
  if (!/^[0-9a-f]{32}$/.test(jobId)) {
    throw new RequestError(400, `"${jobId}" is not a JobID: it must be 32 lower-case hex digits.`);
  }
  const job = view.state.jobs.get(jobId);
  if (job === undefined) throw new RequestError(404, `Job ${jobId} was not found.`);
  return job;
}

/** Cancelling what is cancelled already is accepted, as it is done. */
async function cancel(view: ClusterView, jobId: string): Promise<void> {
  const { status } = jobOf(view, jobId);
  if (status.kind === 'CANCELED') return;
  if (status.kind === 'FINISHED' || status.kind === 'FAILED') {
    throw new RequestError(409, `Job ${jobId} has ended as ${status.kind} and cannot be cancelled.`);
  }
  try {
    await view.send({ type: 'CancelJob', commandId: view.newCommandId(), jobId });
  } catch (error) {
    throw new RequestError(
      503,
      `Cancelling job ${jobId} could not be handed to the leader: ${(error as Error).message}`,
    );
  }
}

/** Not Flink's: how many TaskManagers the cluster keeps at least. */
async function setDesired(view: ClusterView, text: string | undefined): Promise<void> {
  const desired = Number(text);
  if (text === undefined || !/^\d{1,9}$/.test(text) || desired > MAX_TASK_MANAGERS)
    throw new RequestError(400, `Pass ?desired=N, a whole number of TaskManagers from 0 to ${MAX_TASK_MANAGERS}.`);
  try {
    await view.send({ type: 'SetDesiredTaskManagers', commandId: view.newCommandId(), desired });
  } catch (error) {
    throw new RequestError(503, `This could not be handed to the leader: ${(error as Error).message}`);
  }
}

/** Flink's clients send `{}`, or a content type with no body at all; both are fine. Nothing is kept, however long it is. */
function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, body, done) => {
    body.once('end', () => done(null)).once('error', done);
    body.resume();
  });
}

function answerErrors(app: FastifyInstance, logger: Logger): void {
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ errors: [`Not found: ${request.method} ${request.url}`] }),
  );
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const statusCode = error.statusCode ?? 500;
    if (statusCode >= 500)
      logger.error({ method: request.method, url: request.url, error: error.stack }, 'a request failed');
    return reply.code(statusCode).send({ errors: [error.message] });
  });
}
