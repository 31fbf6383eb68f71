// Running jobs outlive their JobManager: killed, frozen or stopped in order, on the embedded journal and on Kafka alike.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kafkaForTests } from '../kafka/broker.ts';
import { root, TestCluster, waitFor } from './cluster.ts';
import { expectPacedOutput, linesOf, release } from './output.ts';

const brokers = await kafkaForTests();
const journals: readonly ('embedded' | 'kafka')[] = brokers ? ['embedded', 'kafka'] : ['embedded'];
const paced = path.join(root, 'test', 'e2e', 'jobs', 'paced.ts');
const hello = path.join(root, 'examples', 'hello.ts');
/** A minute's, of which each test lets pass what it needs. */
const COUNT = 120_000;
const RATE = 2_000;
/** Loose, as other tests run beside, and seen through a command line that takes its time: the demo holds the tight bounds. */
const MAX_TAKEOVER_MS = 20_000;
const MAX_FREEZE_MS = 20_000;

describe.each(journals)('failover on the %s journal', (journal) => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({ journal, brokers });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  /** A paced job over both TaskManagers that has begun to write. */
  async function startPacedJob(name: string): Promise<{ jobId: string; output: string }> {
    const output = cluster.file(name);
    const jobId = await cluster.submit(paced, '-p2', String(COUNT), String(RATE), output);
    await waitFor('output', () => linesOf(output).length > 0);
    return { jobId, output };
  }

  async function expectUndisturbed(jobId: string, output: string, oldEpoch: number): Promise<void> {
    release(output);
    await waitFor('the end of the job', async () => (await cluster.jobState(jobId)) === 'FINISHED');
    expect(await cluster.events('TaskDeployed', jobId, oldEpoch)).toEqual([]);
    const deployed = await cluster.events('TaskDeployed', jobId);
    expect(deployed.every(({ attempt }) => attempt === 0)).toBe(true);
    expect(new Set(deployed.map(({ taskManagerId }) => taskManagerId)).size).toBe(2);
    expectPacedOutput(output, COUNT);
  }

  const newLeader = (oldEpoch: number, timeoutMs?: number) =>
    waitFor(
      'a new leader',
      async () => {
        const { status } = await cluster.status().then(
          (answer) => ({ status: answer }),
          () => ({ status: null }),
        );
        return status !== null && status.epoch > oldEpoch && status.leaderId !== null ? status : null;
      },
      timeoutMs,
    );

  it('goes on while its leader is killed, and takes it back as a standby', async () => {
    const before = await cluster.status();
    const { jobId, output } = await startPacedJob('killed');
    const killedAtMs = performance.now();
    await cluster.signal(before.leaderId!, 'SIGKILL');
    const after = await newLeader(before.epoch);
    expect(performance.now() - killedAtMs).toBeLessThan(MAX_TAKEOVER_MS);
    expect(after.leaderId).not.toBe(before.leaderId);
    expect(await cluster.ok('jobmanager start', '--id', before.leaderId!)).toContain(`Started ${before.leaderId}`);
    await expectUndisturbed(jobId, output, before.epoch);
    const roles = await waitFor('both JobManagers', async () => {
      const { jobManagers } = await cluster.status();
      return jobManagers.length === 2 ? jobManagers : null;
    });
    expect(roles.map(({ id, role }) => [id, role])).toContainEqual([before.leaderId, 'standby']);
  });

  it('goes on while its leader is frozen; what that one does on waking is void, and it stands by', async () => {
    const before = await cluster.status();
    const { jobId, output } = await startPacedJob('frozen');
    await cluster.signal(before.leaderId!, 'SIGSTOP');
    const after = await newLeader(before.epoch, MAX_FREEZE_MS).catch(async (error: unknown) => {
      if (journal === 'kafka') throw error;
      // Frozen within its moment of holding the embedded journal's write lock, it holds up the other writers too.
      await cluster.signal(before.leaderId!, 'SIGCONT');
      return newLeader(before.epoch);
    });
    // Inputs that the frozen leader finds as soon as it wakes, and may answer before it has read that it is deposed.
    const meanwhile = await Promise.all([cluster.submit(hello), cluster.submit(hello)]);
    await cluster.signal(before.leaderId!, 'SIGCONT');
    await waitFor('the woken JobManager to stand by', async () => {
      const { jobManagers, epoch } = await cluster.status();
      return epoch === after.epoch && jobManagers.some(({ id, role }) => id === before.leaderId && role === 'standby');
    });
    await expectUndisturbed(jobId, output, before.epoch);
    for (const id of meanwhile) {
      await waitFor('the job submitted meanwhile', async () => (await cluster.jobState(id)) === 'FINISHED');
      // Deployed by one leader only.
      const deployed = await cluster.events('TaskDeployed', id);
      expect(new Set(deployed.map(({ vertex, subtask }) => `${vertex}/${subtask}`)).size).toBe(deployed.length);
    }
    const ledger = await cluster.ledger();
    const claimedAt = ledger.findIndex(
      ({ record, verdict }) => record.type === 'Claim' && verdict === 'counted' && record.epoch === after.epoch,
    );
    const late = ledger.slice(claimedAt).filter(({ record }) => record.epoch <= before.epoch);
    expect(late.every(({ verdict }) => verdict === 'void')).toBe(true);
    expect((await cluster.status()).epoch).toBe(after.epoch);
  });

  it('goes on while its leader is stopped in order, which hands over at once', async () => {
    const before = await cluster.status();
    const { jobId, output } = await startPacedJob('handed over');
    await cluster.ok('jobmanager stop', '--id', before.leaderId!);
    // No time-out has to pass: when the command returns the next one leads.
    const after = await newLeader(before.epoch);
    expect(after.leaderId).not.toBe(before.leaderId);
    const ledger = await cluster.ledger();
    const released = ledger.findIndex(
      ({ record }) => record.type === 'Commit' && record.events.some(({ type }) => type === 'LeadershipReleased'),
    );
    const [release, claim] = [
      ledger[released]!.record,
      ledger.slice(released).find(({ record }) => record.type === 'Claim')!.record,
    ];
    expect(claim.at - release.at).toBeLessThan(500);
    await expectUndisturbed(jobId, output, before.epoch);
    await cluster.ok('jobmanager start', '--id', before.leaderId!);
  });
});
