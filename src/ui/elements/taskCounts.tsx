// How many tasks are in which state: a bar for the eye, the numbers in words.
import { toneOf } from './badge.tsx';

/** `tasks`: by state in any case; `total` is left out. */
export function TaskCounts({ tasks }: { readonly tasks: Readonly<Record<string, number>> }) {
  const counts = Object.entries(tasks).filter(([state, number]) => state !== 'total' && number > 0);
  const total = counts.reduce((sum, [, number]) => sum + number, 0);
  const text = counts.map(([state, number]) => `${number} ${state.toLowerCase()}`).join(', ');
  return (
    <span class="task-counts">
      <span class="bar" aria-hidden="true">
        {counts.map(([state, number]) => (
          <span
            key={state}
            class={`tone-${toneOf(state.toUpperCase())}`}
            style={{ width: `${(number / total) * 100}%` }}
          />
        ))}
      </span>
      <span class="text">{text === '' ? 'no tasks' : text}</span>
    </span>
  );
}
