// Which frames from a peer go to which thread: records, barriers and credit to the one whose task is meant, what is for all tasks to all.
import { type FrameRoute, readRoute } from '../../runtime/exchangeProtocol.ts';

/** Frames in their order, for each thread as one run of bytes. `everyone`: threads without frames are listed too, with none. */
export function spreadFrames<Thread>(
  frames: readonly Uint8Array[],
  everyone: boolean,
  threads: readonly Thread[],
  threadOf: (route: FrameRoute) => Thread | undefined,
): Map<Thread, Uint8Array<ArrayBuffer>> {
  const byThread = new Map<Thread, Uint8Array[]>();
  if (everyone) for (const thread of threads) byThread.set(thread, []);
  const add = (thread: Thread, frame: Uint8Array): void => {
    const own = byThread.get(thread);
    if (own) own.push(frame);
    else byThread.set(thread, [frame]);
  };
  for (const frame of frames) {
    const route = readRoute(frame);
    if (route === null) for (const thread of threads) add(thread, frame);
    else {
      const thread = threadOf(route);
      // Without one it is of a job that is over here.
      if (thread !== undefined) add(thread, frame);
    }
  }
  return new Map([...byThread].map(([thread, own]) => [thread, concatenated(own)]));
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
