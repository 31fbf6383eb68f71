// The cluster's processes: started once, stopped whole, never taken for others; and what the commands say where something is in the way.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { open } from 'lmdb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterDir } from '../../src/cli/clusterDir.ts';
import { isAlive } from '../../src/cli/processIdentity.ts';
import { root, sluice, TestCluster, waitFor } from './cluster.ts';

const main = [path.join(root, 'dist', 'main.js')];

describe('processes of a cluster', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.start({ journal: 'embedded', settings: ['log.level=warn'] });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  it('are ready when start-cluster returns', async () => {
    const status = await cluster.status();
    expect(status).toMatchObject({ epoch: 1, leaderId: expect.stringMatching(/^jm-[12]$/) });
    expect(status.jobManagers.map(({ id }) => id)).toEqual(['jm-1', 'jm-2']);
    expect(status.taskManagers.map(({ id, slots, slotsFree }) => [id.slice(0, 5), slots, slotsFree])).toEqual([
      ['tm-1-', 2, 2],
      ['tm-2-', 2, 2],
    ]);
    for (const { pid } of [...status.jobManagers, ...status.taskManagers])
      expect(() => process.kill(pid, 0)).not.toThrow();
  });

  it('say what they are doing, whichever JobManager asks them', async () => {
    const { jobManagers, taskManagers } = await cluster.status();
    for (const { rest } of jobManagers) {
      const ask = async <A>(path: string): Promise<A> => {
        // A signal may be lost.
        const answer = await waitFor(`an answer to ${path}`, async () => {
          const response = await fetch(`${rest}${path}`);
          return response.status === 503 ? null : response;
        });
        expect([path, answer.status]).toEqual([path, 200]);
        return (await answer.json()) as A;
      };
      for (const { id, pid, role } of jobManagers) {
        const described = await ask<{ actors: { restarts: number }[] }>(`/jobmanagers/${id}`);
        expect(described).toMatchObject({ id, pid, role });
        expect(described.actors.filter(({ restarts }) => restarts > 0)).toEqual([]);
      }
      for (const { id } of taskManagers) {
        const { threadInfos } = await ask<{ threadInfos: unknown[] }>(`/taskmanagers/${id}/thread-dump`);
        expect(threadInfos).toContainEqual({
          threadName: 'taskmanager/assignments',
          stringifiedThreadInfo: expect.stringContaining('running, 0 restarts'),
        });
        expect(await ask(`/taskmanagers/${id}/metrics?get=sluice.registered`)).toEqual([
          { id: 'sluice.registered', value: '1' },
        ]);
      }
    }
  });

  it('are not started twice', async () => {
    expect(await cluster.run('start-cluster')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/runs in .* already/),
    });
    expect(await cluster.run('jobmanager start', '--id', 'jm-2')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/jm-2 runs already/),
    });
  });

  it('come and go one by one, under ids of their own', async () => {
    expect(await cluster.ok('jobmanager start')).toMatch(/^Started jm-3 /);
    expect(await cluster.ok('jobmanager stop', '--id', 'jm-3')).toBe('Stopped jm-3.\n');
    expect(await cluster.run('jobmanager stop', '--id', 'jm-3')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/No jm-3 runs/),
    });
    expect(await cluster.ok('taskmanager start', '--slots', '7')).toMatch(/^Started tm-3-[0-9a-f]{6} .* with 7 slots/);
    expect(await cluster.ok('taskmanager stop', '--id', 'tm-3')).toMatch(/^Stopped tm-3-/);
  });

  it('are known by more than their pid', async () => {
    const entry = await cluster.process('jm-1');
    expect(await isAlive(entry)).toBe(true);
    expect(await isAlive({ ...entry, startedAt: '1' })).toBe(false);
    expect(await isAlive({ ...entry, id: 'jm-9' })).toBe(false);
    // An entry whose pid now belongs to a stranger: this test's own process.
    const reused = { ...entry, id: 'jm-8', pid: process.pid };
    cluster.dir.writeEntry(reused);
    expect((await cluster.dir.liveProcesses()).map(({ id }) => id)).not.toContain('jm-8');
  });

  it('leave each other alone where two clusters share a machine, and all stop', async () => {
    const other = await TestCluster.start({ journal: 'embedded', jobManagers: 1, taskManagers: 1 });
    try {
      const processes = await other.dir.liveProcesses();
      expect(processes).toHaveLength(2);
      expect(await other.ok('stop-cluster')).toMatch(/^Stopped jm-1, tm-1-/);
      for (const entry of processes) expect(await isAlive(entry)).toBe(false);
      expect(fs.readdirSync(`${other.dir.path}/run`)).toEqual([]);
      expect(await other.ok('stop-cluster')).toMatch(/Nothing runs/);
      expect(await other.run('list')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/No JobManager .* runs/),
      });
      expect(await other.run('pause', 'abc')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/No JobManager .* runs/),
      });
      expect(await other.run('run', `${root}/examples/hello.ts`)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/start-cluster/),
      });
      expect((await cluster.dir.liveProcesses()).length).toBe(4);
    } finally {
      await other.stop();
    }
  });

  it('start as a whole or not at all: a port in use', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const dir = cluster.file('blocked');
    const { code, stderr } = await sluice(cluster.folder, ['start-cluster', '--dir', dir, '-D', `rest.port=${port}`]);
    expect(code).toBe(1);
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 is in use`);
    expect(stderr).toContain('rest.port');
    expect((await sluice(cluster.folder, ['stop-cluster', '--dir', dir])).stdout).toMatch(/Nothing runs/);
    server.close();
  });

  it('name the configuration’s mistake, or the broker that is not there', async () => {
    const file = cluster.file('mistaken.yaml');
    fs.writeFileSync(file, 'rest.port: 0\nhigh-availability.leader-timout: 2 s\n');
    const mistaken = await sluice(cluster.folder, [
      'start-cluster',
      '--dir',
      cluster.file('mistaken'),
      '--config',
      file,
    ]);
    expect(mistaken).toMatchObject({ code: 1, stderr: expect.stringContaining('mistaken.yaml:2: the key') });
    expect(mistaken.stderr).toContain('"high-availability.leader-timeout"');
    expect(fs.existsSync(cluster.file('mistaken'))).toBe(false);
    const nobody = await sluice(cluster.folder, [
      ...['start-cluster', '--dir', cluster.file('nobody'), '--jobmanagers', '1', '--taskmanagers', '0'],
      ...[
        '-D',
        'rest.port=0',
        '-D',
        'journal.type=kafka',
        '-D',
        'journal.kafka.brokers=127.0.0.1:1',
        '-D',
        'journal.kafka.connect-timeout=500 ms',
      ],
    ]);
    expect(nobody).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no Kafka broker answers at 127\.0\.0\.1:1/),
    });
  });

  it('are taken back where the start is interrupted', async () => {
    const dir = new ClusterDir(cluster.file('interrupted'));
    const child = spawn(process.execPath, [...main, 'start-cluster', '--dir', dir.path, '-D', 'rest.port=0'], {
      stdio: 'pipe',
    });
    const [stderr, exited] = [text(child.stderr), once(child, 'exit')];
    // As early as one of them can be seen.
    await waitFor('a process', async () => (await dir.liveProcesses()).length > 0);
    child.kill('SIGINT');
    expect(await exited).toEqual([1, null]);
    expect(await stderr).toBe('sluice: Interrupted: the cluster was not started.\n');
    expect(await dir.liveProcesses()).toEqual([]);
  });

  it('are not a job’s affair: Ctrl-C on an attached run leaves the job running', async () => {
    const args = ['run', '--dir', cluster.dir.path, path.join(root, 'test', 'e2e', 'jobs', 'paced.ts')];
    const child = spawn(process.execPath, [...main, ...args, '100000', '100', cluster.file('paced')], {
      stdio: 'pipe',
    });
    const [stderr, exited] = [text(child.stderr), once(child, 'exit')];
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const jobId = /[0-9a-f]{32}/.exec(String(line))![0];
    await waitFor('RUNNING', async () => (await cluster.jobState(jobId)) === 'RUNNING');
    child.kill('SIGINT');
    expect(await exited).toEqual([130, null]);
    expect(await stderr).toContain(`sluice cancel ${jobId}`);
    expect(await cluster.jobState(jobId)).toBe('RUNNING');
    await cluster.ok('cancel', jobId);
  });

  it('refuse a journal that is of another version, or none', async () => {
    const dir = cluster.file('foreign');
    const database = open({
      path: path.join(dir, 'journal'),
      keyEncoding: 'binary',
      encoding: 'binary',
      noSubdir: false,
    });
    database.putSync(Buffer.from('key'), Buffer.from('value'));
    await database.close();
    const { code, stderr } = await sluice(cluster.folder, ['start-cluster', '--dir', dir, '-D', 'rest.port=0']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sluice: .* did not start: .*is no Sluice journal/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('say what is wrong with a command, with 2', async () => {
    for (const args of [
      ['strat-cluster'],
      ['start-cluster', '--jobmanagers', 'two'],
      ['run'],
      ['cancel', 'x'],
      ['jobmanager', 'start', '--id', 'x'],
    ]) {
      const { code, stderr } = await sluice(cluster.folder, args);
      expect([args, code]).toEqual([args, 2]);
      expect(stderr).toMatch(/^sluice: /);
    }
  });
});
