// Names and their values, side by side as far as there is room.
import type { ComponentChildren } from 'preact';

/** Null values are left out. */
export function Facts({ facts }: { readonly facts: Readonly<Record<string, ComponentChildren>> }) {
  return (
    <dl class="facts">
      {Object.entries(facts).map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** What there is instead of data: that it is awaited, or why there is none. */
export function Awaited({ problem }: { readonly problem: string | null }) {
  return problem === null ? <p class="empty">Loading…</p> : <p class="problem">{problem}</p>;
}
