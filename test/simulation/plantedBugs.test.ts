// The simulation against bugs that are planted in copies of the sources: it must see each within a bounded number of seeds, or it would
// not see the like of them in the product either. Some were found by it there in the first place.
import { afterAll, describe, expect, it } from 'vitest';
import { bundleSimulation, type Patch, removeBundles } from './bundle.ts';
import type { Run } from './simulate.ts';
import { runSeeds } from './threads.ts';

const TIMEOUT_MS = 300_000;

interface PlantedBug {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** What the simulation says. */
  readonly seenAs: RegExp;
  /** Seeds from 1 on within which it must. */
  readonly within: number;
}

const BUGS: readonly PlantedBug[] = [
  {
    name: 'effects before the Commit was read back',
    patches: [
      {
        file: 'src/jobmanager/leader.ts',
        find: 'write: (commits) => this.#writer.write(commits),',
        replace: `write: (commits) => {
          this.#writer.write(commits);
          for (const { events } of commits) this.#parts.run(effectsOf(events, context.state));
        },`,
      },
    ],
    seenAs: /before the log does|before it is in the log|is not in the log|the log does not say so/,
    within: 10,
  },
  {
    name: 'an (epoch, seq) reused with another content',
    patches: [
      {
        file: 'src/jobmanager/ledgerWriter.ts',
        find: 'chunk.map((message) => ({ key: null, message })),',
        replace: `chunk.map((message) => ({
          key: null,
          message: { ...message, events: [...message.events, ...(sendings++ % 2 === 0 ? [] : [{ type: 'InputsConsumed' }])] },
        })),`,
      },
      {
        file: 'src/jobmanager/ledgerWriter.ts',
        find: 'export class LedgerWriter {',
        replace: 'let sendings = 0;\nexport class LedgerWriter {',
      },
    ],
    seenAs: /a second content/,
    within: 30,
  },
  {
    name: 'a stale Commit that counts',
    patches: [
      {
        file: 'src/core/ledger.ts',
        find: "if (record.epoch !== epoch) return record.epoch < epoch ? 'STALE_LEADER' : 'EPOCH_AHEAD';",
        replace: '',
      },
    ],
    seenAs: /the product says otherwise|cannot be folded/,
    within: 300,
  },
  {
    name: 'an ack that counts twice',
    patches: [
      {
        file: 'src/core/checkpointCoordinator.ts',
        find: 'if (task === undefined || !pending.waitingFor.has(task)) continue;',
        replace: 'if (task === undefined) continue;',
      },
      {
        file: 'src/core/checkpointCoordinator.ts',
        find: 'if (task === undefined || !pending.waitingFor.delete(task))',
        replace: 'if (task === undefined || (!pending.waitingFor.delete(task) && pending.states.length === 0))',
      },
    ],
    seenAs: /acked checkpoint \d+ twice/,
    within: 300,
  },
  {
    name: 'a lost cause: of inputs decided together only the last is named',
    patches: [
      {
        file: 'src/core/decide.ts',
        find: 'causes = withCause(causes, cause);',
        replace: 'causes = [cause];',
      },
    ],
    seenAs: /has lost its cause/,
    within: 50,
  },
  {
    name: 'a new term that does not take up the inputs of the one that was lost',
    patches: [
      {
        file: 'src/jobmanager/inputFeed.ts',
        find: 'queue.cursor = queue.head;',
        replace: 'queue.cursor = Math.max(queue.cursor, queue.head);',
      },
    ],
    seenAs: /without an answer|not at rest/,
    within: 500,
  },
  {
    name: 'recovery from the oldest checkpoint that is kept',
    patches: [
      {
        file: 'src/core/restorePoint.ts',
        find: 'return job.checkpoints.completed.at(-1) ?? job.checkpoints.restored;',
        replace: 'return job.checkpoints.completed[0] ?? job.checkpoints.restored;',
      },
    ],
    seenAs: /the newest complete one/,
    within: 300,
  },
  {
    name: 'a damaged checkpoint that is not passed over',
    patches: [
      {
        file: 'src/core/restorePoint.ts',
        find: 'if (index !== -1) checkpoints.completed.splice(index, 1);',
        replace: 'if (index !== -1) checkpoints.damaged.splice(0);',
      },
    ],
    seenAs: /the newest complete one|is damaged, and the job could not start from it/,
    within: 300,
  },
  {
    name: 'a registration that counts again when its copy lands',
    patches: [
      {
        file: 'src/core/decide.ts',
        find: 'if (isStaleRegistration(state, input)) return;',
        replace: '',
      },
    ],
    seenAs: /while tm-\d+ still has attempt|changed subtask|not at rest/,
    within: 300,
  },
  {
    name: 'slots that are given back and offered to nobody',
    patches: [
      {
        file: 'src/core/settle.ts',
        find: "if (event.type === 'SlotReleased' || event.type === 'JobFinished' || event.type === 'JobFailed') again = true;",
        replace: '',
      },
    ],
    seenAs: /could go on|it waits for \d+ slots and \d+ are free/,
    within: 300,
  },
  {
    name: 'a snapshot that leaves something out',
    patches: [{ file: 'src/core/snapshot.ts', find: 'restarts: job.restarts,', replace: 'restarts: 0,' }],
    seenAs: /replica .* (differs|has)/,
    within: 300,
  },
  {
    name: 'a job that flaps: it is moved again before it has rested',
    patches: [
      {
        file: 'src/core/rescheduling.ts',
        find: 'if (!canMove(job) || restsUntil(job, dynamic) > state.at) continue;',
        replace: 'if (!canMove(job)) continue;',
      },
    ],
    seenAs: /it flaps/,
    within: 500,
  },
];

afterAll(removeBundles);

describe('The simulation sees', () => {
  it.each(BUGS)(
    '$name',
    async ({ patches, seenAs, within }) => {
      const bundle = await bundleSimulation(patches);
      let seen: Run | null = null;
      await runSeeds({
        bundle,
        seeds: Array.from({ length: within }, (_, index) => index + 1),
        onRun: (run) => {
          if (run.violation !== null) seen ??= run;
          return seen === null;
        },
      });
      const found = seen as Run | null;
      console.log(found === null ? `not in ${within} seeds` : `seed ${found.seed}: ${found.violation?.slice(0, 300)}`);
      expect(found?.violation).toMatch(seenAs);
    },
    TIMEOUT_MS,
  );
});
