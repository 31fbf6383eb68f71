// JobClient against a broker in memory and a leader that acts by hand.
import { describe, expect, it } from 'vitest';
import { hashOf } from '../../src/client/artifacts.ts';
import { CommandRejected, SubmissionRejected } from '../../src/client/errors.ts';
import type { ArtifactPart } from '../../src/core/schema.gen.ts';
import { OPTIONS } from '../core/cluster.ts';
import { jobIdOf, Stage, SUBMISSION } from './stage.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

describe(`JobClient, seed ${seed}`, () => {
  describe('commands to a job', () => {
    const jobId = '1'.repeat(32);

    it('are sent as they are asked for, and a savepoint’s path is handed back', async () => {
      const stage = await Stage.open(seed);
      stage.answer = () => ({ rejection: null, message: 'done', path: '/savepoints/1' });
      const { client } = stage;
      expect(await stage.settled(client.savepoint(jobId, '/savepoints'))).toBe('/savepoints/1');
      expect(await stage.settled(client.stop(jobId))).toBe('/savepoints/1');
      for (const sent of [client.pause(jobId), client.resume(jobId), client.rescale(jobId, 3, { commandId: 'mine' })])
        await stage.settled(sent);
      expect(stage.commands).toMatchObject([
        { type: 'TriggerSavepoint', jobId, targetPath: '/savepoints' },
        { type: 'StopWithSavepoint', jobId, targetPath: null },
        { type: 'PauseJob', jobId },
        { type: 'ResumeJob', jobId },
        { type: 'RescaleJob', jobId, parallelism: 3, commandId: 'mine' },
      ]);
      expect(new Set(stage.commands.map(({ commandId }) => commandId)).size).toBe(5);
    });

    it('reject with the refusal, and wait as long as they are told to', async () => {
      const stage = await Stage.open(seed);
      stage.answer = () => ({ rejection: 'SAVEPOINT_FAILED', message: 'declined' });
      const refused = await stage.settled(stage.client.savepoint(jobId)).catch((reason: unknown) => reason);
      expect(refused).toBeInstanceOf(CommandRejected);
      expect(refused).toMatchObject({ code: 'SAVEPOINT_FAILED', jobId, message: 'declined' });
      stage.answer = () => null;
      const pausing = stage.client.pause(jobId, { timeoutMs: 100_000 });
      const outcome = pausing.then(
        () => 'paused',
        (error: { code: string }) => error.code,
      );
      await stage.clock.advance(90_000);
      const [command] = stage.commands.slice(-1);
      await stage.settled(stage.reply(command!, { rejection: null, message: 'paused' }));
      expect(await stage.settled(outcome)).toBe('paused');
      const late = stage.client.pause(jobId).catch((error: { code: string }) => error.code);
      expect(await stage.settled(late, 11_000)).toBe('REPLY_TIMEOUT');
    });
  });

  describe('submitting', () => {
    it('names an artifact that is there already, and leaves the graph to the leader', async () => {
      const stage = await Stage.open(seed);
      const { graph: _, ...unplanned } = SUBMISSION;
      const sha256 = 'd'.repeat(64);
      for (const artifact of ['wordcount', sha256])
        await stage.settled(stage.client.submit({ ...unplanned, artifact }));
      expect(stage.commands).toMatchObject([
        { artifact: { sha256: '', name: 'wordcount' }, graph: null },
        { artifact: { sha256, name: sha256 }, graph: null },
      ]);
    });

    it('resolves when the leader has accepted', async () => {
      const stage = await Stage.open(seed);
      const handle = await stage.settled(stage.client.submit(SUBMISSION));
      expect(handle.jobId).toMatch(/^[0-9a-f]{32}$/);
      const commandId = expect.stringMatching(/^[0-9a-f]{32}$/);
      expect(stage.commands).toEqual([
        { type: 'SubmitJob', jobId: handle.jobId, commandId, ...SUBMISSION, options: OPTIONS },
      ]);
      await stage.clock.advance(30_000);
      expect(stage.commands).toHaveLength(1);
    });

    it('gives options that are left out their defaults', async () => {
      const stage = await Stage.open(seed);
      await stage.settled(stage.client.submit({ ...SUBMISSION, options: { priority: 7, waitForParent: true } }));
      expect(stage.commands).toMatchObject([{ options: { ...OPTIONS, priority: 7, waitForParent: true } }]);
    });

    it('rejects with the code and the reason of a refusal', async () => {
      const stage = await Stage.open(seed);
      stage.answer = () => ({ rejection: 'INVALID_GRAPH', message: 'vertex 0 has parallelism 0' });
      const error = await stage.settled(stage.client.submit(SUBMISSION)).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SubmissionRejected);
      expect(error).toMatchObject({ code: 'INVALID_GRAPH', message: 'vertex 0 has parallelism 0' });
    });

    it('says what to check when nobody answers, having sent the same command again', async () => {
      const stage = await Stage.open(seed);
      stage.answer = () => null;
      const started = stage.clock.monotonic();
      const error = await stage.settled(stage.client.submit({ ...SUBMISSION, commandId: 'mine' })).catch((e) => e);
      expect(error).toMatchObject({
        code: 'REPLY_TIMEOUT',
        message: expect.stringMatching(/check.*same command id mine/),
      });
      expect(stage.clock.monotonic() - started).toBeLessThan(10_100);
      expect(stage.commands.map(({ commandId }) => commandId)).toEqual(['mine', 'mine', 'mine']);
    });

    it('is answered by a leader that takes over meanwhile', async () => {
      const stage = await Stage.open(seed);
      stage.answer = () => null;
      const submitting = stage.client.submit(SUBMISSION);
      await stage.until(() => stage.commands.length === 1);
      await stage.clock.advance(2_000);
      const [command] = stage.commands;
      if (command !== undefined) await stage.settled(stage.reply(command, { rejection: null, message: 'submitted' }));
      await stage.settled(submitting);
    });

    it('takes its own answer only', async () => {
      const stage = await Stage.open(seed);
      stage.answer = (command) =>
        jobIdOf(command).startsWith('f')
          ? { rejection: 'DUPLICATE_JOB', message: 'exists' }
          : { rejection: null, message: '' };
      const accepted = stage.client.submit({ ...SUBMISSION, jobId: '0'.repeat(32) });
      const refused = stage.client.submit({ ...SUBMISSION, jobId: 'f'.repeat(32) });
      const outcome = expect(refused).rejects.toMatchObject({ code: 'DUPLICATE_JOB' });
      expect((await stage.settled(accepted)).jobId).toBe('0'.repeat(32));
      await stage.settled(outcome);
    });

    it('gets through a journal that is away for a while, and gives up in time on one that stays away', async () => {
      const stage = await Stage.open(seed);
      await stage.settled(stage.client.submit(SUBMISSION));
      stage.broker.goAway();
      const later = stage.client.submit(SUBMISSION);
      await stage.clock.advance(3_000);
      stage.broker.comeBack();
      await stage.settled(later);
      stage.broker.goAway();
      const error = await stage.settled(stage.client.submit(SUBMISSION), 21_000).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'JOURNAL_UNREADABLE', message: expect.stringContaining('check that') });
      const cancelling = await stage.settled(stage.client.cancel('0'.repeat(32)), 11_000).catch((e: unknown) => e);
      expect(cancelling).toMatchObject({ code: 'COMMAND_NOT_SENT', message: expect.stringContaining('check that') });
    });

    it('uploads a bundle before the command', async () => {
      const stage = await Stage.open(seed);
      const parts: ArtifactPart[] = [];
      let partsBeforeCommand = -1;
      await stage.settled(
        stage.leader.follow('artifacts', {
          from: () => 'earliest',
          onBatch: ({ deliveries }) => {
            for (const delivery of deliveries) if (delivery.kind === 'message') parts.push(delivery.message);
          },
          onError: (error) => {
            throw error;
          },
        }),
      );
      stage.answer = () => {
        partsBeforeCommand = stage.broker.range('artifacts', 0).end;
        return { rejection: null, message: '' };
      };
      const bytes = new Uint8Array(1_200_000).map((_, index) => index * 31);
      await stage.settled(stage.client.submit({ ...SUBMISSION, artifact: { name: 'job.ts', bytes } }));
      const artifact = { sha256: hashOf(bytes), name: 'job.ts' };
      expect(stage.commands[0]).toMatchObject({ artifact });
      expect(partsBeforeCommand).toBe(3);
      await stage.until(() => parts.length === 3);
      expect(Buffer.concat(parts.map((part) => part.bytes)).equals(bytes)).toBe(true);
    });
  });

  describe('results', () => {
    it('come in order for each subtask, those of this job only, each line once', async () => {
      const stage = await Stage.open(seed);
      const handle = await stage.settled(stage.client.submit(SUBMISSION));
      const { jobId } = handle;
      const seen: string[] = [];
      handle.onResults(
        (lines, { subtask, attempt }) => void seen.push(...lines.map((l) => `${subtask}/${attempt} ${l}`)),
      );
      await stage.print(jobId, 0, ['a', 'b']);
      await stage.print('f'.repeat(32), 0, ['another job']);
      await stage.print(jobId, 0, ['x'], 1);
      await stage.print(jobId, 0, ['a', 'b']);
      await stage.print(jobId, 2, ['c']);
      await stage.print(jobId, 1, ['b', 'c', 'd']);
      await stage.print(jobId, 0, ['a again'], 0, 1);
      await stage.print(jobId, 4, ['of an attempt that was replaced'], 0, 0);
      await stage.publish(jobId, 'FINISHED');
      await stage.settled(handle.awaitTermination());
      expect(seen).toEqual(['0/0 a', '0/0 b', '1/0 x', '0/0 c', '0/0 d', '0/1 a again']);
    });

    it('printed before anyone listened are delivered, all of them before the end', async () => {
      const stage = await Stage.open(seed);
      const handle = await stage.settled(stage.client.submit(SUBMISSION));
      const { jobId } = handle;
      for (let line = 0; line < 50; line++) await stage.print(jobId, line, [String(line)]);
      await stage.publish(jobId, 'FINISHED', { endTime: 2 });
      const seen: string[] = [];
      // Slow: the end is known long before the last line was taken.
      handle.onResults(async (lines) => {
        await new Promise<void>((resolve) => stage.clock.after(100, resolve));
        seen.push(...lines);
      });
      const status = await stage.settled(handle.awaitTermination());
      expect(status).toMatchObject({ state: 'FINISHED', endTime: 2 });
      expect(seen).toEqual(Array.from({ length: 50 }, (_, line) => String(line)));
    });

    it('do not begin with those printed before the job was submitted', async () => {
      const stage = await Stage.open(seed);
      const jobId = '1'.repeat(32);
      await stage.print(jobId, 0, ['from before']);
      const handle = await stage.settled(stage.client.submit({ ...SUBMISSION, jobId }));
      const seen: string[] = [];
      handle.onResults((lines) => void seen.push(...lines));
      await stage.publish(jobId, 'FINISHED');
      await stage.settled(handle.awaitTermination());
      expect(seen).toEqual([]);
    });

    it('have one listener, whose error ends the wait', async () => {
      const stage = await Stage.open(seed);
      const handle = await stage.settled(stage.client.submit(SUBMISSION));
      handle.onResults(() => {
        throw new Error('EPIPE');
      });
      expect(() => handle.onResults(() => {})).toThrow(expect.objectContaining({ code: 'ALREADY_LISTENING' }));
      const ended = handle.awaitTermination();
      const outcome = expect(ended).rejects.toThrow('EPIPE');
      await stage.print(handle.jobId, 0, ['a']);
      await stage.settled(outcome);
    });

    it('that were dropped before they were read are an error', async () => {
      const stage = await Stage.open(seed);
      const handle = await stage.settled(stage.client.submit(SUBMISSION));
      await stage.print(handle.jobId, 0, ['a']);
      await stage.settled(stage.broker.connect().trim('results', 0, 1));
      handle.onResults(() => {});
      await expect(stage.settled(handle.awaitTermination())).rejects.toMatchObject({ code: 'RESULTS_LOST' });
    });
  });

  describe('a job', () => {
    it('tells its latest status, never an older one', async () => {
      const stage = await Stage.open(seed);
      const handle = await stage.settled(stage.client.submit(SUBMISSION));
      const first = handle.status();
      await stage.publish(handle.jobId, 'RUNNING', { offset: 20 });
      expect((await stage.settled(first)).state).toBe('RUNNING');
      // A deposed leader's publication may come late.
      await stage.publish(handle.jobId, 'CREATED', { offset: 10 });
      await stage.clock.advance(1_000);
      expect((await stage.settled(handle.status())).state).toBe('RUNNING');
    });

    it('that fails ends with its reason', async () => {
      const stage = await Stage.open(seed);
      const handle = await stage.settled(stage.client.submit(SUBMISSION));
      const ended = handle.awaitTermination();
      await stage.publish(handle.jobId, 'RUNNING');
      await stage.publish(handle.jobId, 'FAILED', { reason: 'boom' });
      expect(await stage.settled(ended)).toMatchObject({ state: 'FAILED', reason: 'boom' });
    });

    it('is cancelled through the log; a refusal is told', async () => {
      const stage = await Stage.open(seed);
      const handle = await stage.settled(stage.client.submit(SUBMISSION));
      await stage.settled(handle.cancel());
      expect(stage.commands[1]).toMatchObject({ type: 'CancelJob', jobId: handle.jobId });
      stage.answer = () => ({ rejection: 'JOB_TERMINATED', message: 'it is FINISHED' });
      const error = await stage.settled(handle.cancel()).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(CommandRejected);
      expect(error).toMatchObject({ code: 'JOB_TERMINATED' });
    });

    it('of another client is found by its id', async () => {
      const stage = await Stage.open(seed);
      const jobId = '2'.repeat(32);
      await expect(stage.settled(stage.client.job(jobId))).rejects.toMatchObject({ code: 'UNKNOWN_JOB' });
      await stage.publish(jobId, 'RUNNING');
      await stage.publish('3'.repeat(32), 'FINISHED');
      const handle = await stage.settled(stage.client.job(jobId));
      expect((await handle.status()).state).toBe('RUNNING');
      const ended = handle.awaitTermination();
      await stage.publish(jobId, 'CANCELED');
      expect((await stage.settled(ended)).state).toBe('CANCELED');
    });
  });

  it('lists each job with its latest state', async () => {
    const stage = await Stage.open(seed);
    expect(await stage.settled(stage.client.list())).toEqual([]);
    await stage.publish('1'.repeat(32), 'RUNNING', { startTime: 10 });
    await stage.publish('2'.repeat(32), 'CREATED', { startTime: 20 });
    await stage.publish('1'.repeat(32), 'FINISHED', { startTime: 10 });
    await stage.publish('2'.repeat(32), 'RUNNING', { startTime: 20 });
    const jobs = await stage.settled(stage.client.list());
    expect(jobs.map(({ jobId, state }) => `${jobId[0]} ${state}`)).toEqual(['2 RUNNING', '1 FINISHED']);
  });

  it('ends every wait when it is closed', async () => {
    const stage = await Stage.open(seed);
    const handle = await stage.settled(stage.client.submit(SUBMISSION));
    handle.onResults(() => {});
    stage.answer = () => null;
    const waits = [handle.awaitTermination(), stage.client.cancel(handle.jobId)].map((wait) =>
      wait.catch(({ code }: { code: string }) => code),
    );
    await stage.until(() => stage.commands.length === 2);
    await stage.settled(stage.client.close());
    expect(await Promise.all(waits)).toEqual(['CLIENT_CLOSED', 'CLIENT_CLOSED']);
    await expect(stage.client.submit(SUBMISSION)).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });
});
