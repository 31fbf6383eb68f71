// When time alone makes something due: said once, and no more when it is past and nothing can come of it.
import { describe, expect, it } from 'vitest';
import { nextDeadline } from '../../src/core/settle.ts';
import { Cluster, chain, hex, register, submit, summary } from './cluster.ts';

describe('the next deadline', () => {
  it('is no more than past where a stopping job waits for its cancelled tasks', () => {
    const cluster = new Cluster();
    cluster.when(register('tm-1', 1));
    cluster.when(submit('a', chain({ parallelism: 1 })));
    cluster.when(cluster.report('tm-1', 'RUNNING'));
    cluster.when({ type: 'PauseJob', commandId: 'pause', jobId: hex('a') });
    const [task] = cluster.subtasks('a');
    const ack = {
      vertex: 0,
      subtask: 0,
      attempt: task?.attempt ?? -1,
      handle: '',
      bytes: 0,
      shared: [],
      operators: [],
      metrics: null,
      inputEnded: false,
    };
    cluster.when({
      type: 'CheckpointReport',
      taskManagerId: 'tm-1',
      jobId: hex('a'),
      checkpointId: 1,
      acks: [ack],
      declines: [],
      damaged: [],
    });
    cluster.when({ type: 'ManifestWritten', jobId: hex('a'), checkpointId: 1 });
    const giveUpAt = nextDeadline(cluster.state, cluster.policy);
    expect(giveUpAt).toBeGreaterThan(cluster.now);
    cluster.later((giveUpAt ?? 0) - cluster.now);
    expect(summary(cluster.when({ type: 'DeadlinePassed' }))).toBe('TaskCancelling');
    // Else a leader would ask again every millisecond.
    expect(nextDeadline(cluster.state, cluster.policy)).toBeNull();
    expect(summary(cluster.when(cluster.report('tm-1', 'CANCELED')))).toBe('TaskCancelled · SlotReleased · JobPaused');
  });
});
