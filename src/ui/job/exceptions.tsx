// Why a job failed, or was restarted: each failure with its task, its TaskManager, its time and the whole stack, the user's own lines marked.
// Whatever a user's error says is text here, never HTML.
import type { ExceptionEntry, JobExceptions } from '../answers.ts';
import { Awaited, Facts } from '../elements/facts.tsx';
import { plural, time } from '../format.ts';
import { type Resource, useResource } from '../polling.ts';
import { taskManagerHref } from '../route.ts';
import { headline, stackLines } from '../stack.ts';

export function useExceptions(jobId: string): Resource<JobExceptions> {
  return useResource<JobExceptions>(`jobs/${jobId}/exceptions`);
}

export function Exceptions({ jobId }: { readonly jobId: string }) {
  const { data, problem } = useExceptions(jobId);
  if (data === null) return <Awaited problem={problem} />;
  const root = data['root-exception'];
  if (root === null) return <p class="empty">Nothing has failed in this job.</p>;
  const { entries } = data.exceptionHistory;
  const [newest, ...older] = entries;
  // What ended the job may have been no task's failure.
  const isOfTask = newest !== undefined && newest.stacktrace === root;
  const history = isOfTask ? older : entries;
  return (
    <>
      <section>
        <h2>Root exception</h2>
        <article class="exception">
          {isOfTask ? <Where entry={newest} /> : <Facts facts={{ Time: time(data.timestamp) }} />}
          <Stack text={root} />
        </article>
      </section>
      {history.length > 0 && (
        <section>
          <h2>{plural(history.length, 'earlier failure')}</h2>
          <ol class="history">
            {history.map((entry) => (
              <li key={`${entry.timestamp} ${entry.taskName}`}>
                <Earlier entry={entry} />
              </li>
            ))}
          </ol>
        </section>
      )}
      <p class="quiet">
        What led to each state of the job, step by step: <code>npx sluice why {jobId}</code>
      </p>
    </>
  );
}

function Earlier({ entry }: { readonly entry: ExceptionEntry }) {
  return (
    <details class="exception">
      <summary>
        <time dateTime={new Date(entry.timestamp).toISOString()}>{time(entry.timestamp)}</time>{' '}
        <span class="headline">{headline(entry.stacktrace)}</span>
      </summary>
      <Where entry={entry} />
      <Stack text={entry.stacktrace} />
    </details>
  );
}

function Where({ entry: { taskName, taskManagerId, timestamp } }: { readonly entry: ExceptionEntry }) {
  return (
    <Facts
      facts={{
        Task: taskName ?? 'no single task',
        TaskManager: taskManagerId === null ? null : <a href={taskManagerHref(taskManagerId)}>{taskManagerId}</a>,
        Time: time(timestamp),
      }}
    />
  );
}

function Stack({ text }: { readonly text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <pre class="stack" tabIndex={0}>
      {stackLines(text).map(({ kind, text: line }, index) => (
        <span key={index} class={`line-${kind}`}>
          {line}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}
