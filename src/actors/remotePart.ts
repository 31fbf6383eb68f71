// Remote references as a part of a process: restarted like any, with references that outlive it.
import type { TopicMessages } from '../core/messages.ts';
import type { DescribeProcess } from '../core/schema.gen.ts';
import type { Logger } from '../ports/logger.ts';
import type { Signals } from '../ports/signals.ts';
import type { ActorSystem } from './actorSystem.ts';
import { Component } from './component.ts';
import { ActorError } from './errors.ts';
import { persistently } from './persistently.ts';
import { RemoteActors } from './remote.ts';

/** How long another process may take to say what it is doing. */
const DESCRIBE_TIMEOUT_MS = 2_000;

type Description = Extract<TopicMessages['signals'], { type: 'JobManagerDescription' | 'TaskManagerDescription' }>;

export interface RemotePartOptions {
  readonly memberId: string;
  readonly system: ActorSystem;
  readonly signals: Signals;
  readonly logger: Logger;
}

export class RemotePart {
  readonly #component: Component<RemoteActors>;

  constructor(options: RemotePartOptions) {
    const numbers = { last: 0 };
    this.#component = new Component(options.system.context, 'remote', {
      create: ({ clock, guard, background }) => new RemoteActors({ ...options, clock, guard, background, numbers }),
      start: (remote, context) => persistently(context, options.logger, () => remote.start()),
      stop: (remote) => remote.stop(),
    });
  }

  /** Resolves when messages from now on reach this process's actors. */
  get started(): Promise<void> {
    return this.#component.ref.started;
  }

  /** Asks the actor that speaks for a process. Rejects with ActorError. */
  async describe<D extends Description>(memberId: string, path: string, maxAttempts: number): Promise<D> {
    const remote = this.#component.current;
    if (remote === null) throw new ActorError('ACTOR_STOPPED', 'What asks other processes is being restarted.');
    const ref = remote.ref<DescribeProcess, D>(memberId, path);
    return ref.ask({ type: 'DescribeProcess', maxAttempts }, DESCRIBE_TIMEOUT_MS);
  }
}
