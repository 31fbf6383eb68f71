// What can be done to a job, each asked for again before it is: cancel, a savepoint, a stop with one. What became of it is said below.
import { useState } from 'preact/hooks';
import type { JobDetails } from '../answers.ts';
import { Dialog } from '../elements/dialog.tsx';
import { cancelJob, stopJob, takeSavepoint } from '../requests.ts';

const KINDS = ['savepoint', 'stop', 'cancel'] as const;
type Kind = (typeof KINDS)[number];

/** What has been asked for, newest last. */
interface Notice {
  readonly id: number;
  readonly tone: 'plain' | 'good' | 'bad';
  readonly text: string;
}

const LABELS: Readonly<Record<Kind, string>> = { savepoint: 'Savepoint', stop: 'Stop', cancel: 'Cancel job' };
const ENDING = ['FINISHED', 'CANCELED', 'FAILED', 'CANCELLING', 'FAILING'];

export function Actions({ job }: { readonly job: JobDetails }) {
  const [asked, setAsked] = useState<Kind | null>(null);
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  const note = (notice: Notice): void =>
    setNotices((before) => [...before.filter(({ id }) => id !== notice.id), notice]);

  async function run(kind: Kind, fields: FormData): Promise<void> {
    const id = performance.now();
    const typed = String(fields.get('directory') ?? '').trim();
    const directory = typed === '' ? null : typed;
    try {
      switch (kind) {
        case 'cancel':
          await cancelJob(job.jid);
          return;
        case 'savepoint':
          note({ id, tone: 'plain', text: 'The savepoint is under way.' });
          note({ id, tone: 'good', text: `Savepoint completed: ${await takeSavepoint(job.jid, directory)}` });
          return;
        case 'stop': {
          note({ id, tone: 'plain', text: 'The job stops behind a savepoint.' });
          const path = await stopJob(job.jid, directory, fields.get('drain') !== null);
          note({ id, tone: 'good', text: `Stopped. Savepoint: ${path}` });
          return;
        }
        default:
          kind satisfies never;
      }
    } catch (error) {
      note({ id, tone: 'bad', text: `${LABELS[kind]} failed: ${(error as Error).message}` });
    }
  }

  const isPossible = (kind: Kind): boolean =>
    kind === 'cancel' ? !ENDING.includes(job.state) : job.state === 'RUNNING';
  return (
    <>
      <p class="buttons">
        {KINDS.map((kind) => (
          <button
            key={kind}
            type="button"
            class={kind === 'cancel' ? 'dangerous' : ''}
            disabled={!isPossible(kind)}
            onClick={() => setAsked(kind)}
          >
            {LABELS[kind]}
          </button>
        ))}
      </p>
      <div class="notices" role="status">
        {notices.map(({ id, tone, text }) => (
          <p key={id} class={`notice-${tone}`}>
            {text}
          </p>
        ))}
      </div>
      {asked !== null && (
        <Question
          kind={asked}
          name={job.name}
          onConfirm={(fields) => void run(asked, fields)}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  );
}

interface QuestionProps {
  readonly kind: Kind;
  readonly name: string;
  readonly onConfirm: (fields: FormData) => void;
  readonly onClose: () => void;
}

function Question({ kind, name, onConfirm, onClose }: QuestionProps) {
  const rest = { onConfirm, onClose, dismiss: 'Leave it' };
  switch (kind) {
    case 'cancel':
      return (
        <Dialog title={`Cancel ${name}?`} confirm="Cancel the job" dangerous {...rest}>
          <p>Its tasks end at once, and what they hold since the last checkpoint is lost. This cannot be undone.</p>
        </Dialog>
      );
    case 'savepoint':
      return (
        <Dialog title={`Take a savepoint of ${name}?`} confirm="Take the savepoint" {...rest}>
          <p>The job runs on.</p>
          <DirectoryField />
        </Dialog>
      );
    case 'stop':
      return (
        <Dialog title={`Stop ${name}?`} confirm="Stop the job" dangerous {...rest}>
          <p>It takes a savepoint and ends. It can be started again from there.</p>
          <DirectoryField />
          <label class="check">
            <input type="checkbox" name="drain" /> Drain: fire all timers and windows first, as at the end of the input
          </label>
        </Dialog>
      );
    default:
      return kind satisfies never;
  }
}

function DirectoryField() {
  return (
    <label>
      Folder; left empty, that of <code>execution.checkpointing.savepoint-dir</code>
      <input type="text" name="directory" autocomplete="off" />
    </label>
  );
}
