// Jobs through the command line, on the embedded journal and on Kafka: right results, queueing, cancelling, and every kind of bad input,
// each told clearly and none of it the end of the cluster.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kafkaForTests } from '../kafka/broker.ts';
import { root, TestCluster, waitFor } from './cluster.ts';
import { linesOf } from './output.ts';

const brokers = await kafkaForTests();
const journals: readonly ('embedded' | 'kafka')[] = brokers ? ['embedded', 'kafka'] : ['embedded'];
const example = (name: string) => path.join(root, 'examples', `${name}.ts`);
const ownJob = (name: string) => path.join(root, 'test', 'e2e', 'jobs', `${name}.ts`);
const UNKNOWN_JOB = '0'.repeat(32);

describe.each(journals)('jobs on the %s journal', (journal) => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({
      journal,
      brokers,
      settings: ['restart-strategy.fixed-delay.attempts=1', 'restart-strategy.fixed-delay.delay=10 ms'],
    });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  async function expectHealthy(): Promise<void> {
    const { code, stdout, stderr } = await cluster.run('run', example('hello'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').slice(1, 3).sort()).toEqual(['HELLO', 'WORLD']);
  }

  it('shows what an attached job prints and ends with 0', async () => {
    const { code, stdout } = await cluster.run('run', example('increment'));
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines[0]).toMatch(/^Job has been submitted with JobID [0-9a-f]{32}$/);
    expect(lines.slice(1, 6).sort()).toEqual(['2', '3', '4', '5', '6']);
    expect(lines[6]).toMatch(/has finished/);
  });

  it('counts words right over two TaskManagers', async () => {
    const input = cluster.file('input');
    fs.mkdirSync(input);
    const words = ['alpha', 'beta', 'gamma', 'délta', "don't"];
    const expected = new Map<string, number>();
    for (let file = 0; file < 10; file++) {
      const lines = Array.from({ length: 50 }, (_, line) => {
        const picked = Array.from({ length: 8 }, (_, place) => words[(file + line * place) % words.length]!);
        for (const word of picked) expected.set(word, (expected.get(word) ?? 0) + 1);
        return picked.join(' ');
      });
      fs.writeFileSync(path.join(input, `${file}.txt`), lines.join('\n'));
    }
    const output = cluster.file('counts');
    const { code, stderr } = await cluster.run(
      'run',
      '-p',
      '2',
      example('wordcount'),
      '--input',
      input,
      '--output',
      output,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const counted = linesOf(output).map((line) => JSON.parse(line) as [string, number]);
    expect(counted).toHaveLength([...expected.values()].reduce((sum, count) => sum + count, 0));
    // The last count of a word is its highest.
    expect(new Map(counted)).toEqual(expected);
  });

  it('cancels a job that has no end', async () => {
    const input = cluster.file('watched');
    fs.mkdirSync(input);
    const jobId = await cluster.submit(example('wordcount'), '-p2', '--input', input, '--watch');
    const tasks = await waitFor('RUNNING', async () => {
      const [job] = JSON.parse(await cluster.ok('list', '--json')) as {
        jobId: string;
        tasks: Record<string, number>;
      }[];
      return job?.tasks.RUNNING === 4 ? job.tasks : null;
    });
    expect(tasks).toEqual({ RUNNING: 4 });
    expect(await cluster.ok('list')).toMatch(new RegExp(`${jobId} : WordCount \\(RUNNING\\)`));
    expect(await cluster.ok('cancel', jobId)).toContain(`Cancelled job ${jobId}.`);
    expect(await cluster.jobState(jobId)).toBe('CANCELED');
    expect(await cluster.events('TaskCancelled', jobId)).toHaveLength(4);
    const { taskManagers } = await cluster.status();
    expect(taskManagers.every(({ slots, slotsFree }) => slots === slotsFree)).toBe(true);
  });

  it('tells why a job failed, after the restarts that it is allowed', async () => {
    const { code, stderr } = await cluster.run('run', ownJob('failing'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sluice: Job [0-9a-f]{32} failed: .*cannot count beyond three/);
    // Wherever one looks: the operator, and the place in the user's own file.
    const what = "Operator 'Map' failed: Error: cannot count beyond three";
    const where = /failing\.ts:8:\d+/;
    const jobId = /Job ([0-9a-f]{32})/.exec(stderr)![1]!;
    const listed = await cluster.ok('list', '--all');
    expect(listed).toContain(what);
    expect(listed).toMatch(where);
    const why = (await cluster.ok('why', jobId)).replace(/\s+/g, ' ');
    expect(why).toContain(what);
    expect(why).toMatch(where);
    const { rest } = (await cluster.status()).jobManagers[0]!;
    const exceptions = (await (await fetch(`${rest}/jobs/${jobId}/exceptions`)).json()) as {
      'root-exception': string;
      exceptionHistory: { entries: { exceptionName: string; stacktrace: string; taskName: string }[] };
    };
    expect(exceptions['root-exception']).toContain(what);
    expect(exceptions.exceptionHistory.entries).toHaveLength(1);
    for (const entry of exceptions.exceptionHistory.entries) {
      expect(entry).toMatchObject({ exceptionName: 'Error', taskName: expect.stringMatching(/Map.* \(1\/1\)/) });
      expect(entry.stacktrace).toContain(what);
      expect(entry.stacktrace).toMatch(where);
    }
    await expectHealthy();
  });

  it.each([
    ['throws', "throw new Error('no way');", /throws\.ts threw .*no way/],
    ['does-not-compile', 'const x: = 3;', /does-not-compile\.ts:1:\d+: /],
    ['never-executes', 'export const x = 1;', /ended without calling execute/],
  ])('refuses a job file that %s', async (name, source, message) => {
    const file = cluster.file(`${name}.ts`);
    fs.writeFileSync(file, source);
    const { code, stderr } = await cluster.run('run', file);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('refuses what does not exist', async () => {
    expect(await cluster.run('run', 'nowhere.ts')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/nowhere\.ts does not exist/),
    });
    expect(await cluster.run('cancel', UNKNOWN_JOB)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/was not found/),
    });
    expect(await cluster.run('cancel', 'job-1')).toMatchObject({ code: 2, stderr: expect.stringMatching(/no JobID/) });
  });

  it('puts records that nobody can decode on dead-letters and goes on', async () => {
    const { journal: topics, channels } = await cluster.backbone();
    // With a key: compacted topics take none without one.
    const garbage = { key: 'garbage', value: Buffer.from('no message of ours'), headers: {} };
    for (const topic of ['events', 'commands', 'status', 'assignments', 'artifacts', 'signals', 'jobs', 'results']) {
      for (let partition = 0; partition < channels.partitionsOf(topic as 'commands'); partition++) {
        await topics.append(topic, partition, [garbage]);
      }
    }
    await waitFor(
      'dead letters',
      async () => (await topics.offsets('dead-letters', 0)).end >= 1 + channels.partitionsOf('status'),
    );
    await expectHealthy();
  });

  it('queues a job until a TaskManager has room for it', async () => {
    const late = await TestCluster.start({ journal, brokers, jobManagers: 1, taskManagers: 0 });
    try {
      const output = late.file('numbers');
      const jobId = await late.submit(ownJob('paced'), '-p2', '500', '5000', output);
      expect(await late.jobState(jobId)).toBe('CREATED');
      expect(await late.events('JobQueued', jobId)).toHaveLength(1);
      expect(await late.ok('taskmanager start', '--slots', '2')).toMatch(/^Started tm-1-[0-9a-f]{6} /);
      await waitFor('the end of the job', async () => (await late.jobState(jobId)) === 'FINISHED');
      expect(linesOf(output)).toHaveLength(500);
    } finally {
      await late.stop();
    }
  });
});
