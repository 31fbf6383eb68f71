// Entry of a slot thread: a task host behind the protocol of protocol.ts. It rebuilds each job once, whichever of its slots run it.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { JobModuleError } from '../../api/jobModuleError.ts';
import { rebuildJob } from '../../api/rebuild.ts';
import type { ResultBatch } from '../../core/schema.gen.ts';
import { DiskManager } from '../../runtime/disk/diskManager.ts';
import { TaskError } from '../../runtime/errors.ts';
import { MemoryManager } from '../../runtime/memory/memoryManager.ts';
import type { ExecutableJob } from '../../runtime/operatorSpec.ts';
import { StateBackends } from '../../runtime/state/stateBackends.ts';
import { TaskHost } from '../../runtime/taskHost.ts';
import { BundlingLink } from './bundlingLink.ts';
import { MemoryGuard } from './memoryGuard.ts';
import type { Bundle, FromSlotThread, SlotThreadData, ThreadDeployment, ToSlotThread } from './protocol.ts';
import { RemoteStorage } from './remoteStorage.ts';

const COUNTERS_INTERVAL_MS = 250;

const main = parentPort as MessagePort;
const { taskManagerId, bufferTimeoutMs, peerTimeoutMs, storesCheckpoints, ...data } = workerData as SlotThreadData;
const { cell, heapBytes, offHeapBytes, shares } = data.memory;
const threadLinks = new Map<number, { readonly link: BundlingLink; readonly port: MessagePort }>();
const taskManagerLinks = new Map<string, BundlingLink>();
const results = new Map<number, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();
let nextResult = 0;
const memory = new MemoryManager(shares, cell);
const stateBackends = new StateBackends(data.stateBackends, new DiskManager(data.stateBackends, data.disk), memory);
const storage = new RemoteStorage((message, transfer) => main.postMessage(message, transfer), memory.snapshots);

const host = new TaskHost({
  taskManagerId,
  bufferTimeoutMs,
  peerTimeoutMs,
  threadLinks: () => [...threadLinks.values()].map(({ link }) => link),
  taskManagerLink,
  flushLinks: () => {
    for (const { link } of threadLinks.values()) link.flush();
    for (const link of taskManagerLinks.values()) link.flush();
  },
  onReports: (reports) => post({ type: 'reports', reports }),
  onCheckpointReports: (report) => post({ type: 'checkpointReport', report }),
  storage: storesCheckpoints ? storage : null,
  stateBackends,
  onResults,
});

function post(message: FromSlotThread): void {
  main.postMessage(message);
}

function taskManagerLink(id: string): BundlingLink {
  let link = taskManagerLinks.get(id);
  if (!link) {
    link = new BundlingLink(`TaskManager ${id}`, (bundle, transfer) =>
      main.postMessage({ type: 'bundle', to: id, bundle } satisfies FromSlotThread, transfer),
    );
    taskManagerLinks.set(id, link);
  }
  return link;
}

function onResults(batch: ResultBatch): Promise<void> {
  return new Promise((resolve, reject) => {
    const id = nextResult++;
    results.set(id, { resolve, reject });
    post({ type: 'results', id, batch });
  });
}

function connect(thread: number, port: MessagePort): void {
  threadLinks.get(thread)?.port.close();
  const link = new BundlingLink(`thread ${thread}`, (bundle, transfer) => port.postMessage(bundle, transfer));
  threadLinks.set(thread, { link, port });
  port.on('message', ({ frames, controls }: Bundle) => host.receive(link, frames, controls));
}

async function load({ bundlePath, args, parallelism, jobId, graphHash }: ThreadDeployment): Promise<ExecutableJob> {
  try {
    return await rebuildJob({ bundlePath, args, parallelism, instance: jobId, expectedHash: graphHash });
  } catch (error) {
    if (!(error instanceof JobModuleError)) throw error;
    const stack = error.userStack ? `\n${error.userStack}` : '';
    throw new TaskError('DEPLOYMENT_FAILED', `The job could not be rebuilt in its slot: ${error.message}${stack}`, {
      cause: error,
    });
  }
}

function close(): void {
  clearInterval(counters);
  memoryGuard?.close();
  host.close();
  for (const { port } of threadLinks.values()) port.close();
  main.close();
}

main.on('message', (message: ToSlotThread) => {
  switch (message.type) {
    case 'deploy':
      host.deploy(message.deployment, () => load(message.deployment));
      return;
    case 'cancel':
      host.cancel(message.jobId, message.tasks);
      return;
    case 'triggerCheckpoint':
      host.triggerCheckpoint(message.message);
      return;
    case 'completeCheckpoint':
      host.completeCheckpoint(message.jobId, message.checkpointId, message.last);
      return;
    case 'abortCheckpoint':
      host.abortCheckpoint(message.jobId, message.checkpointId);
      return;
    case 'storageAnswer':
      storage.answered(message.id, message.answer);
      return;
    case 'releaseJob':
      host.releaseJob(message.jobId);
      return;
    case 'link':
      connect(message.thread, message.port);
      return;
    case 'bundle':
      try {
        host.receive(taskManagerLink(message.from), message.bundle.frames, message.bundle.controls);
      } catch (error) {
        // What the peer sent cannot be read: its tasks' peers fail with the reason, and the others of this thread go on.
        const what = error instanceof Error ? error.message : String(error);
        const told = `TaskManager ${message.from} sent what cannot be read: ${what}`;
        host.peerLost(message.from, new TaskError('PROTOCOL_VIOLATION', told, { cause: error }));
      }
      return;
    case 'peerLost':
      taskManagerLinks.delete(message.taskManagerId);
      host.peerLost(message.taskManagerId, new TaskError(message.code, message.message));
      return;
    case 'resultsTaken': {
      const waiting = results.get(message.id);
      results.delete(message.id);
      if (message.error === null) waiting?.resolve();
      else waiting?.reject(new TaskError('IO_FAILED', message.error));
      return;
    }
    case 'close':
      close();
      return;
    default:
      message satisfies never;
  }
});

const memoryGuard =
  heapBytes === undefined
    ? null
    : new MemoryGuard({
        heapBytes,
        offHeapBytes: offHeapBytes ?? null,
        cell,
        onPressure: (level) => memory.pressed(level),
        prepare: () => stateBackends.prepareRelief(),
        relieve: (alive) => stateBackends.relieve(alive),
      });

const counters = setInterval(() => {
  const reports = host.attempts(true);
  const metrics = host.metrics();
  memory.countManaged(stateBackends.cachedBytes);
  memory.publish();
  if (reports.length > 0 || metrics.length > 0) post({ type: 'counters', reports, metrics });
}, COUNTERS_INTERVAL_MS);

post({ type: 'ready' });
