// What every Signals adapter promises: what arrives is whole, on its subject, from after the subscription. Signals may be lost or
// repeated, so a test sends until it is heard.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Signal, SignalSubject, Signals } from '../../src/ports/signals.ts';

export interface SignalsUnderTest {
  /** Another member of the same cluster. */
  connect(): Promise<Signals>;
  close(): Promise<void>;
}

const WAIT_MS = 60_000;
const REPEAT_MS = 20;

function signal(from: string, text: string): Signal {
  return { from, payload: Buffer.from(text) };
}

function textOf(heard: Signal): string {
  return `${heard.from}: ${Buffer.from(heard.payload).toString()}`;
}

async function sendUntil(send: () => Promise<void>, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Sent a signal for ${WAIT_MS} ms and it was not heard`);
    await send();
    await new Promise((resolve) => setTimeout(resolve, REPEAT_MS));
  }
}

export function signalsContract(name: string, open: () => Promise<SignalsUnderTest>): void {
  describe(`signals contract: ${name}`, () => {
    let under: SignalsUnderTest;
    let one: Signals;
    let two: Signals;

    beforeAll(async () => {
      under = await open();
      one = await under.connect();
      two = await under.connect();
    });

    afterAll(async () => {
      await Promise.all([one?.[Symbol.asyncDispose](), two?.[Symbol.asyncDispose]()]);
      await under?.close();
    });

    async function hear(by: Signals, subject: SignalSubject): Promise<{ heard: string[]; end: () => Promise<void> }> {
      const heard: string[] = [];
      const end = await by.subscribe(subject, (arrived) => heard.push(textOf(arrived)));
      return { heard, end };
    }

    it('reaches every subscriber of the subject, the sender too', async () => {
      const listeners = [
        await hear(one, 'jobmanagers'),
        await hear(two, 'jobmanagers'),
        await hear(two, 'jobmanagers'),
      ];
      await sendUntil(
        () => one.publish('jobmanagers', signal('jm-1', 'alive')),
        () => listeners.every(({ heard }) => heard.includes('jm-1: alive')),
      );
      await Promise.all(listeners.map(({ end }) => end()));
    });

    it('keeps subjects apart', async () => {
      const jobManagers = await hear(two, 'jobmanagers');
      const taskManagers = await hear(two, 'taskmanagers');
      await sendUntil(
        async () => {
          await one.publish('jobmanagers', signal('jm-1', 'to jobmanagers'));
          await one.publish('taskmanagers', signal('tm-1', 'to taskmanagers'));
        },
        () => jobManagers.heard.length > 0 && taskManagers.heard.length > 0,
      );
      expect(new Set(jobManagers.heard)).toEqual(new Set(['jm-1: to jobmanagers']));
      expect(new Set(taskManagers.heard)).toEqual(new Set(['tm-1: to taskmanagers']));
      await Promise.all([jobManagers.end(), taskManagers.end()]);
    });

    it('delivers only what was sent after the subscription, and nothing after its end', async () => {
      const witness = await hear(one, 'taskmanagers');
      let early = 0;
      await sendUntil(
        () => one.publish('taskmanagers', signal('tm-1', `early ${++early}`)),
        // Waits for the last one sent, so that none is still on its way.
        () => witness.heard.includes(`tm-1: early ${early}`),
      );
      const late = await hear(two, 'taskmanagers');
      await sendUntil(
        () => one.publish('taskmanagers', signal('tm-1', 'late')),
        () => late.heard.includes('tm-1: late'),
      );
      expect(late.heard.filter((text) => text.includes('early'))).toEqual([]);
      await late.end();
      await late.end();
      const count = late.heard.length;
      await sendUntil(
        () => one.publish('taskmanagers', signal('tm-1', 'later')),
        () => witness.heard.includes('tm-1: later'),
      );
      expect(late.heard.length).toBe(count);
      await witness.end();
    });

    it('carries any bytes, and the sender may use its buffer again', async () => {
      const heard: Signal[] = [];
      const end = await two.subscribe('jobmanagers', (arrived) => heard.push(arrived));
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      await sendUntil(
        async () => {
          const reused = Uint8Array.from(bytes);
          await one.publish('jobmanagers', { from: 'jm-鍵', payload: reused });
          reused.fill(0);
        },
        () => heard.length > 0,
      );
      expect(heard[0]?.from).toBe('jm-鍵');
      expect(Buffer.from(heard[0]!.payload).equals(bytes)).toBe(true);
      await end();
    });

    it('refuses to publish or subscribe once closed, and may be closed again', async () => {
      const member = await under.connect();
      const listener = await hear(member, 'jobmanagers');
      await member[Symbol.asyncDispose]();
      await member[Symbol.asyncDispose]();
      await expect(member.publish('jobmanagers', signal('x', 'x'))).rejects.toThrow(/closed/);
      await expect(member.subscribe('jobmanagers', () => {})).rejects.toThrow(/closed/);
      const witness = await hear(one, 'jobmanagers');
      await sendUntil(
        () => one.publish('jobmanagers', signal('jm-1', 'after')),
        () => witness.heard.includes('jm-1: after'),
      );
      expect(listener.heard).toEqual([]);
      await witness.end();
    });
  });
}
