// A question to an actor of this process: settled by its answer, its failure, its refusal or the time-out, whichever is first.
import type { Clock } from '../ports/clock.ts';
import type { TellResult } from './actor.ts';
import { ActorError } from './errors.ts';

/** Where an answer goes; what comes after the first is dropped. */
export interface Answer {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export function askLocally<R>(
  clock: Clock,
  path: string,
  timeoutMs: number,
  send: (answer: Answer) => TellResult,
): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    const timer = clock.after(timeoutMs, () =>
      reject(new ActorError('ASK_TIMEOUT', `The actor ${path} did not answer within ${timeoutMs} ms.`)),
    );
    const answer: Answer = {
      resolve: (value) => {
        timer.cancel();
        resolve(value as R);
      },
      reject: (error) => {
        timer.cancel();
        reject(error);
      },
    };
    const result = send(answer);
    if (result !== 'taken') answer.reject(refusal(result, path));
  });
}

export function refusal(code: Exclude<TellResult, 'taken'>, path: string): ActorError {
  const message =
    code === 'MAILBOX_FULL'
      ? `The mailbox of the actor ${path} is full: send again later.`
      : `The actor ${path} has stopped, and handles nothing more.`;
  return new ActorError(code, message);
}
