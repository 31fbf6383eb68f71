// The TaskManagerDriver of a Kubernetes cluster: TaskManagers are the pods of a StatefulSet, whose number of replicas it changes. What it has done is
// kept in an annotation that changes in the same patch, under the object's resourceVersion: so a request is carried out once, whichever
// JobManager leads. A StatefulSet gives up its highest ordinals first; a pod that is to stop and is not the last one waits, idle, until
// those above it stop too or a new TaskManager is asked for, which then takes its place.
import { setTimeout as pause } from 'node:timers/promises';
import {
  ApiException,
  type AppsV1Api,
  type CoreV1Api,
  PatchStrategy,
  setHeaderMiddleware,
  type V1Pod,
  type V1StatefulSet,
} from '@kubernetes/client-node';
import { z } from 'zod';
import type { Logger } from '../../ports/logger.ts';
import type { TaskManagerDriver } from '../../ports/taskManagerDriver.ts';

/** Where what was done is kept. */
export const ANNOTATION = 'sluice.dev/taskmanager-driver';
/** Requests remembered; a leader repeats those that are open only. */
const MAX_REMEMBERED_REQUESTS = 1_000;
/** Tries of one change: another writer may come between, and the API server may be away for a moment. */
const MAX_TRIES = 6;
/** First pause between tries; it doubles. */
const MIN_RETRY_DELAY_MS = 50;

const recordSchema = z.object({
  requests: z.array(z.string()).default([]),
  /** Pods that are to stop, by ordinal, each with the run of its container that it was said of. */
  released: z.record(z.string(), z.string()).default({}),
});
type DriverRecord = z.infer<typeof recordSchema>;

export interface KubernetesDriverOptions {
  readonly apps: AppsV1Api;
  readonly core: CoreV1Api;
  readonly namespace: string;
  readonly statefulSet: string;
  /** `resourcemanager.max-taskmanagers`: pods that wait for a node count, too. */
  readonly maxReplicas: number;
  readonly logger: Logger;
}

interface Change {
  readonly replicas: number;
  readonly record: DriverRecord;
}

export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  readonly code: 'STATEFULSET_MISSING' | 'FORBIDDEN' | 'API_FAILED';

  constructor(code: KubernetesError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export class KubernetesDriver implements TaskManagerDriver {
  readonly #options: KubernetesDriverOptions;
  /** Changes go one after another: each would only make the next one's resourceVersion stale. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: KubernetesDriverOptions) {
    this.#options = options;
  }

  start(requestId: string): Promise<void> {
    return this.#change(async ({ replicas, record }) => {
      if (record.requests.includes(requestId)) return null;
      const requests = [...record.requests, requestId].slice(-MAX_REMEMBERED_REQUESTS);
      const released = { ...record.released };
      for (const [ordinal, run] of Object.entries(record.released)) {
        delete released[ordinal];
        // Its successor registers as a new TaskManager. Deleted before it is forgotten: a second try finds another run, or none, there.
        if (Number(ordinal) < replicas && (await this.#restartPod(ordinal, run)))
          return { replicas, record: { requests, released } };
      }
      const { maxReplicas, logger } = this.#options;
      if (replicas < maxReplicas) return { replicas: replicas + 1, record: { requests, released } };
      logger.warn({ requestId, replicas }, 'as many pods as may be are there or wait for a node: none is added');
      return null;
    });
  }

  stop(taskManagerId: string): Promise<void> {
    const ordinal = this.#ordinalOf(taskManagerId);
    if (ordinal === null) {
      this.#options.logger.warn(
        { taskManagerId },
        'a TaskManager that is to stop is none of the StatefulSet: it is left alone',
      );
      return Promise.resolve();
    }
    return this.#change(async ({ replicas, record }) => {
      if (ordinal >= replicas) return null;
      const pod = await this.#pod(ordinal);
      if (pod === null) return null;
      const released: Record<string, string> = { ...record.released, [ordinal]: runOf(pod) };
      let left = replicas;
      while (left > 0 && released[left - 1] !== undefined) {
        const last = await this.#pod(left - 1);
        // It was started again since, and may have tasks.
        if (last !== null && runOf(last) !== released[left - 1]) delete released[left - 1];
        else {
          delete released[left - 1];
          left--;
        }
      }
      return { replicas: left, record: { ...record, released } };
    });
  }

  /** `<StatefulSet>-<ordinal>`, with what tells its processes apart behind it. */
  #ordinalOf(taskManagerId: string): number | null {
    const { statefulSet } = this.#options;
    if (!taskManagerId.startsWith(`${statefulSet}-`)) return null;
    const ordinal = /^(\d+)(?:-[0-9a-z]+)?$/.exec(taskManagerId.slice(statefulSet.length + 1))?.[1];
    return ordinal === undefined ? null : Number(ordinal);
  }

  #change(decide: (now: Change) => Promise<Change | null>): Promise<void> {
    const changed = this.#last.then(() => this.#tryToChange(decide));
    this.#last = changed.catch(() => {});
    return changed;
  }

  async #tryToChange(decide: (now: Change) => Promise<Change | null>): Promise<void> {
    const { apps, namespace, statefulSet: name, logger } = this.#options;
    for (let tries = 1, delayMs = MIN_RETRY_DELAY_MS; ; tries++, delayMs *= 2) {
      try {
        const object = await apps.readNamespacedStatefulSet({ name, namespace });
        const replicas = object.spec?.replicas ?? 1;
        const change = await decide({ replicas, record: recordOf(object, logger) });
        if (change === null) return;
        const annotations = { [ANNOTATION]: JSON.stringify(change.record) };
        const metadata = { resourceVersion: object.metadata?.resourceVersion, annotations };
        const body = { metadata, spec: { replicas: change.replicas } };
        const patch = setHeaderMiddleware('Content-Type', PatchStrategy.MergePatch);
        const options = { middleware: [patch], middlewareMergeStrategy: 'append' as const };
        await apps.patchNamespacedStatefulSet({ name, namespace, body }, options);
        logger.info(
          { statefulSet: name, from: replicas, to: change.replicas },
          'changed the number of TaskManager pods',
        );
        return;
      } catch (error) {
        if (!isPassing(error) || tries === MAX_TRIES) throw this.#explained(error);
        await pause(delayMs);
      }
    }
  }

  /** Null: there is none. */
  async #pod(ordinal: number | string): Promise<V1Pod | null> {
    const { core, namespace, statefulSet } = this.#options;
    try {
      return await core.readNamespacedPod({ name: `${statefulSet}-${ordinal}`, namespace });
    } catch (error) {
      if (error instanceof ApiException && error.code === 404) return null;
      throw error;
    }
  }

  /** False: another run is there, which is not to stop. */
  async #restartPod(ordinal: string, run: string): Promise<boolean> {
    const { core, namespace, statefulSet } = this.#options;
    const pod = await this.#pod(ordinal);
    const uid = pod?.metadata?.uid;
    if (pod === null || uid === undefined || runOf(pod) !== run) return false;
    try {
      const body = { preconditions: { uid } };
      await core.deleteNamespacedPod({ name: `${statefulSet}-${ordinal}`, namespace, body });
    } catch (error) {
      // Gone, or another one already.
      if (!(error instanceof ApiException && (error.code === 404 || error.code === 409))) throw error;
    }
    return true;
  }

  #explained(error: unknown): Error {
    const { namespace, statefulSet } = this.#options;
    const what = `StatefulSet ${namespace}/${statefulSet}`;
    const options = { cause: error };
    if (!(error instanceof ApiException))
      return new KubernetesError('API_FAILED', `${what} could not be changed: ${String(error)}`, options);
    switch (error.code) {
      case 404:
        return new KubernetesError(
          'STATEFULSET_MISSING',
          `${what} does not exist: create it, or set kubernetes.namespace and kubernetes.taskmanager.statefulset`,
          options,
        );
      case 401:
      case 403:
        return new KubernetesError(
          'FORBIDDEN',
          `the JobManager may not change ${what}: bind its service account to the role in deploy/kubernetes/rbac.yaml`,
          options,
        );
      default:
        return new KubernetesError('API_FAILED', `${what} could not be changed: ${error.message}`, options);
    }
  }
}

/** Another writer came between, or the API server is away or overloaded. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiException)) return true;
  return error.code === 409 || error.code === 429 || error.code >= 500;
}

/** Tells a pod's processes apart: its own, and those that followed where its container was started again. */
function runOf({ metadata, status }: V1Pod): string {
  const restarts = status?.containerStatuses?.reduce((sum, { restartCount }) => sum + restartCount, 0) ?? 0;
  return `${metadata?.uid ?? ''}/${restarts}`;
}

function recordOf({ metadata }: V1StatefulSet, logger: Logger): DriverRecord {
  const text = metadata?.annotations?.[ANNOTATION];
  if (text === undefined) return recordSchema.parse({});
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (error) {
    logger.warn({ annotation: ANNOTATION, error: String(error) }, 'an annotation that others have changed is not used');
    return recordSchema.parse({});
  }
}
