// Metrics of a job vertex in Flink's paths and fields: back-pressure, each subtask's metrics, their aggregates, and watermarks. Values come
// with the heartbeats, so they are a second or two old; a subtask that is not measured yet is left out.
import type { FastifyInstance } from 'fastify';
import type { TaskMetrics } from '../core/schema.gen.ts';
import type { ExecutionJobVertex, Job } from '../core/state.ts';
import type { ClusterView } from './clusterView.ts';
import { RequestError } from './errors.ts';
import { measuredOf, TASK_METRICS } from './measured.ts';
import { vertexResource } from './vertexResources.ts';

const MS_PER_SECOND = 1_000;
/** Flink's bounds of the levels. */
const LOW_RATIO = 0.1;
const HIGH_RATIO = 0.5;
const AGGREGATES = ['min', 'max', 'avg', 'sum', 'skew'] as const;

interface VertexRequest {
  Params: { jobId: string; vertexId: string };
}

interface SubtaskRequest {
  Params: { jobId: string; vertexId: string; subtask: string };
  Querystring: { get?: string };
}

type AggregateRequest = VertexRequest & { Querystring: { get?: string; agg?: string; subtasks?: string } };

export function addVertexMetrics(
  app: FastifyInstance,
  view: ClusterView,
  jobOf: (jobId: string) => Readonly<Job>,
): void {
  const measured = ({ jobId, vertexId }: VertexRequest['Params']): readonly TaskMetrics[] => {
    const job = jobOf(jobId);
    return measuredOf(job, vertexOf(job, vertexId), view);
  };
  const path = '/jobs/:jobId/vertices/:vertexId';
  app.get<VertexRequest>(path, ({ params: { jobId, vertexId } }) => {
    const job = jobOf(jobId);
    return vertexResource(job, vertexOf(job, vertexId), view);
  });
  app.get<VertexRequest>(`${path}/backpressure`, ({ params }) => backPressure(measured(params), view.now()));
  app.get<VertexRequest & { Querystring: { get?: string } }>(`${path}/metrics`, ({ params, query }) =>
    asked(measured(params).flatMap(bySubtask), query.get),
  );
  app.get<SubtaskRequest>(`${path}/subtasks/:subtask/metrics`, ({ params, query }) => {
    const own = measured(params).filter(({ subtask }) => String(subtask) === params.subtask);
    return asked(own.flatMap(valuesOf), query.get);
  });
  app.get<AggregateRequest>(`${path}/subtasks/metrics`, ({ params, query: { get, agg, subtasks } }) => {
    const all = measured(params).filter(({ subtask }) => subtasks === undefined || selects(subtasks, subtask));
    if (get === undefined) return Object.keys(TASK_METRICS).map((id) => ({ id }));
    const aggregates = AGGREGATES.filter((name) => agg === undefined || agg.split(',').includes(name));
    return get.split(',').flatMap((id) => {
      const read = Object.hasOwn(TASK_METRICS, id) ? TASK_METRICS[id] : undefined;
      if (read === undefined || all.length === 0) return [];
      const aggregated = aggregateOf(all.map((metrics) => Number(read(metrics))));
      return [{ id, ...Object.fromEntries(aggregates.map((name) => [name, aggregated[name]])) }];
    });
  });
  app.get<VertexRequest>(`${path}/watermarks`, ({ params }) =>
    measured(params)
      .flatMap(bySubtask)
      .filter(({ id }) => id.endsWith('.currentInputWatermark')),
  );
}

function vertexOf(job: Readonly<Job>, vertexId: string): ExecutionJobVertex {
  const vertex = job.vertices.find(({ info }) => info.id === vertexId);
  if (vertex === undefined) throw new RequestError(404, `Job ${job.id} has no vertex ${vertexId.slice(0, 40)}.`);
  return vertex;
}

interface Metric {
  readonly id: string;
  readonly value: string;
}

function valuesOf(metrics: TaskMetrics): Metric[] {
  return Object.entries(TASK_METRICS).map(([id, read]) => ({ id, value: String(read(metrics)) }));
}

function bySubtask(metrics: TaskMetrics): Metric[] {
  return valuesOf(metrics).map(({ id, value }) => ({ id: `${metrics.subtask}.${id}`, value }));
}

/** As Flink: without `get` the names, with it the values of those that exist. */
function asked(all: readonly Metric[], get: string | undefined): object[] {
  if (get === undefined) return all.map(({ id }) => ({ id }));
  const wanted = new Set(get.split(','));
  return all.filter(({ id }) => wanted.has(id));
}

/** `subtasks=0,3-5`. */
function selects(ranges: string, subtask: number): boolean {
  return ranges.split(',').some((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return subtask >= from! && subtask <= to!;
  });
}

/** `skew`: the mean deviation from the mean, in per cent of it. */
function aggregateOf(values: readonly number[]): Readonly<Record<(typeof AGGREGATES)[number], number>> {
  const sum = values.reduce((all, value) => all + value, 0);
  const avg = sum / values.length;
  const deviation = values.reduce((all, value) => all + Math.abs(value - avg), 0) / values.length;
  return {
    min: Math.min(...values),
    max: Math.max(...values),
    avg,
    sum,
    skew: avg === 0 ? 0 : (deviation / avg) * 100,
  };
}

function backPressure(measured: readonly TaskMetrics[], now: number): object {
  const subtasks = measured.map((metrics) => {
    const ratio = metrics.backPressuredTimeMsPerSecond / MS_PER_SECOND;
    return {
      subtask: metrics.subtask,
      'attempt-number': metrics.attempt,
      'backpressure-level': levelOf(ratio),
      ratio,
      idleRatio: metrics.idleTimeMsPerSecond / MS_PER_SECOND,
      busyRatio: metrics.busyTimeMsPerSecond / MS_PER_SECOND,
    };
  });
  if (subtasks.length === 0)
    return { status: 'deprecated', 'backpressure-level': null, 'end-timestamp': null, subtasks };
  const level = levelOf(Math.max(...subtasks.map(({ ratio }) => ratio)));
  return { status: 'ok', 'backpressure-level': level, 'end-timestamp': now, subtasks };
}

function levelOf(ratio: number): 'ok' | 'low' | 'high' {
  if (ratio <= LOW_RATIO) return 'ok';
  return ratio <= HIGH_RATIO ? 'low' : 'high';
}
