// Commands from other services: a record that a plain producer wrote, without headers or Avro, starts a job, and is answered like any other;
// and the command line's own commands to a job. On the embedded journal the record goes in by the journal itself.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/connect.ts';
import { jobIdOf } from '../../src/codec/jsonCommands.ts';
import { loadConfig } from '../../src/config.ts';
import type { TopicName } from '../../src/core/messages.ts';
import { kafkaForTests } from '../kafka/broker.ts';
import { root, TestCluster, waitFor } from './cluster.ts';

const brokers = await kafkaForTests();
const journals: readonly ('embedded' | 'kafka')[] = brokers ? ['embedded', 'kafka'] : ['embedded'];
const PACED = path.join(root, 'test', 'e2e', 'jobs', 'paced.ts');
const FAR_FUTURE = '2999-01-01T00:00:00Z';

describe.each(journals)('commands on the %s journal', (journal) => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({ journal, brokers, jobManagers: 1, taskManagers: 1 });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  /** Appends one record to `commands` as `kcat -P` does. */
  async function produce(value: string): Promise<void> {
    if (journal === 'embedded') {
      const { journal: open } = await cluster.backbone();
      await open.append('commands', 0, [{ key: null, value: Buffer.from(value), headers: {} }]);
      return;
    }
    const config = loadConfig(cluster.dir.configFile);
    const kafka = new Kafka({ brokers: brokers!, clientId: 'foreign', logLevel: logLevel.NOTHING });
    const producer = kafka.producer();
    await producer.connect();
    try {
      const topic = `${config['journal.kafka.topic-prefix']}.${config['cluster.id']}.commands`;
      await producer.send({ topic, messages: [{ value }] });
    } finally {
      await producer.disconnect();
    }
  }

  /** Every message of the topic by now. */
  async function messages(topic: TopicName): Promise<Readonly<Record<string, unknown>>[]> {
    const { channels } = await cluster.backbone();
    const { end } = await channels.offsets(topic, 0);
    const found: Readonly<Record<string, unknown>>[] = [];
    if (end === 0) return found;
    await new Promise<void>((resolve, reject) => {
      const following = channels.follow(topic, {
        partitions: [0],
        from: () => 'earliest',
        onBatch({ deliveries, next }) {
          for (const delivery of deliveries)
            if (delivery.kind === 'message') found.push(delivery.message as unknown as Record<string, unknown>);
          if (next >= end) following.then((tail) => tail.close()).then(resolve, reject);
        },
        onError: reject,
      });
    });
    return found;
  }

  const replies = async (commandId: string) =>
    (await messages('replies')).filter((reply) => reply.commandId === commandId);
  const reply = (commandId: string) =>
    waitFor(`the reply to ${commandId}`, async () => (await replies(commandId)).at(0));

  it('a bare JSON record starts an artifact by its name, once however often it is sent', async () => {
    const pushed = await cluster.ok('artifact push', PACED, '--name', 'paced');
    const sha256 = /^Pushed paced, \d+ bytes, sha256 ([0-9a-f]{64})\n$/.exec(pushed)![1]!;
    const output = cluster.file('paced');
    const args = ['50', '1000', output];
    const command = JSON.stringify({ type: 'SubmitJob', commandId: 'c-1', artifact: 'paced', args, parallelism: 1 });
    await produce(command);
    await produce(command);
    const jobId = jobIdOf('c-1');
    await waitFor('the job’s end', async () => (await cluster.jobState(jobId)) === 'FINISHED');
    expect(await reply('c-1')).toMatchObject({ jobId, rejection: null });
    await waitFor('both replies', async () => (await replies('c-1')).length === 2);
    expect(await cluster.events('JobSubmitted', jobId)).toHaveLength(1);
    expect(await cluster.events('JobPlanned', jobId)).toMatchObject([{ artifact: { sha256, name: 'paced' } }]);
    // Whoever asks a JobManager may know of the end before the topic does.
    await waitFor(
      'the end on the topic jobs',
      async () => (await messages('jobs')).findLast((status) => status.jobId === jobId)?.state === 'FINISHED',
    );
    // By its hash too, and from the client of another service.
    await produce(JSON.stringify({ type: 'SubmitJob', commandId: 'c-2', artifact: sha256, args, name: 'by hash' }));
    await waitFor('the job’s end', async () => (await cluster.jobState(jobIdOf('c-2'))) === 'FINISHED');
    await using connection = await connect({ configFile: cluster.dir.configFile, dir: cluster.dir.path });
    const handle = await connection.client.submit({ name: 'other', artifact: 'paced', args, parallelism: 1 });
    expect(await handle.awaitTermination()).toMatchObject({ state: 'FINISHED', name: 'other' });
  });

  it('an artifact that does not exist fails the job, and says how to push it', async () => {
    await produce(JSON.stringify({ type: 'SubmitJob', commandId: 'c-3', artifact: 'nothing' }));
    const status = await waitFor('the job’s end', async () =>
      (await messages('jobs')).find(({ jobId, state }) => jobId === jobIdOf('c-3') && state === 'FAILED'),
    );
    expect(status.reason).toContain('There is no artifact named nothing: push it with sluice artifact push');
  });

  it('what cannot be taken is refused under its id, and its bytes are kept', async () => {
    const wrong = JSON.stringify({ type: 'SubmitJob', commandId: 'c-4', artifact: 'paced', parallelism: 'two' });
    await produce(wrong);
    expect(await reply('c-4')).toMatchObject({
      rejection: 'INVALID_COMMAND',
      message: expect.stringContaining('SubmitJob.parallelism'),
    });
    const letter = await waitFor('the dead letter', async () =>
      (await messages('dead-letters')).find((found) => String(found.reason).includes('parallelism')),
    );
    expect(Buffer.from(letter.value as Uint8Array).toString()).toBe(wrong);
    await produce(JSON.stringify({ type: 'CancelJob', commandId: 'c-5', jobId: 'a'.repeat(32) }));
    expect(await reply('c-5')).toMatchObject({ rejection: 'UNKNOWN_JOB' });
  });

  it('store a savepoint of a running job in a folder, pause and resume it', async () => {
    const jobId = await cluster.submit(PACED, '100000', '50', cluster.file('running'));
    const reaches = (state: string) => waitFor(state, async () => (await cluster.jobState(jobId)) === state);
    await reaches('RUNNING');
    const stored = await cluster.ok('savepoint', jobId, cluster.file('savepoints'));
    const [, place] = /^Savepoint completed\. Path: (\S+)$/m.exec(stored) ?? [];
    expect(fs.existsSync(path.join(place!, '_metadata'))).toBe(true);
    const short = jobId.slice(0, 12);
    expect(await cluster.ok('pause', short)).toContain(`Paused job ${jobId}`);
    await reaches('SUSPENDED');
    await cluster.ok('resume', short);
    await reaches('RUNNING');
    const resumed = await cluster.run('resume', jobId);
    expect(resumed).toMatchObject({ code: 1, stderr: expect.stringMatching(/only a paused .* job can be resumed/) });
    expect(await cluster.run('rescale', jobId, '0')).toMatchObject({ code: 2 });
    expect(await cluster.run('pause', 'job')).toMatchObject({ code: 2, stderr: expect.stringContaining('no JobID') });
    expect(await cluster.jobState(jobId)).toBe('RUNNING');
    await produce(JSON.stringify({ type: 'CancelJob', commandId: 'c-6', jobId }));
    await waitFor('CANCELED', async () => (await cluster.jobState(jobId)) === 'CANCELED');
    const why = await cluster.ok('why', short);
    expect(why).toMatch(/→ CANCELLING\n {2}← commands\/0@\d+ {2}CancelJob .*commandId=c-6/);
  });

  it('a job that starts later waits, can be paused and resumed meanwhile, and is waited for', async () => {
    const run = (...flags: string[]) => cluster.run('run', '-d', ...flags, PACED, '5', '1000', cluster.file('later'));
    const { stdout } = await run('--start-at', FAR_FUTURE, '--priority', '7');
    const jobId = /JobID ([0-9a-f]{32})/.exec(stdout)![1]!;
    const state = JSON.parse(await cluster.ok('state', jobId, '--json'));
    expect(state).toMatchObject({ options: { priority: 7, startAt: Date.parse(FAR_FUTURE) } });
    expect(await cluster.ok('pause', jobId)).toContain(`Paused job ${jobId}`);
    expect(await cluster.jobState(jobId)).toBe('SUSPENDED');
    expect(await cluster.ok('resume', jobId)).toContain(`Resumed job ${jobId}`);
    expect(await cluster.jobState(jobId)).toBe('CREATED');
    expect(await run('--parent', jobId)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not yet completed'),
    });
    expect(await run('--wait')).toMatchObject({ code: 2, stderr: expect.stringContaining('--parent') });
    expect(await run('--start-at', 'tomorrow')).toMatchObject({ code: 2 });
    const child = /JobID ([0-9a-f]{32})/.exec((await run('--parent', jobId, '--wait')).stdout)![1]!;
    expect(await cluster.jobState(child)).toBe('CREATED');
    expect(await cluster.ok('cancel', jobId.slice(0, 12))).toContain(`Cancelled job ${jobId}.`);
    await waitFor('the child’s end', async () => (await cluster.jobState(child)) === 'FAILED');
  });

  it('the ledger of the running cluster is followed, and is sound', async () => {
    const args = ['log', '--follow', '--json', '--type', 'JobSubmitted', '--dir', cluster.dir.path];
    const child = spawn(process.execPath, [path.join(root, 'dist', 'main.js'), ...args], { cwd: cluster.folder });
    let seen = '';
    child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    const jobId = await cluster.submit(PACED, '5', '1000', cluster.file('followed'));
    await waitFor('the new job in the log', () => seen.includes(jobId));
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(await cluster.ok('log verify')).toContain('The ledger is sound.');
    // 512 MiB by default, for two slots.
    expect(await cluster.ok('state')).toMatch(/ {2}tm-1-\w+ {2}registered, 256 MiB managed memory a slot\n/);
  });
});
