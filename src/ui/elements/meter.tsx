// A share as a bar with its number. Its colour warns only where `warns` says that much of it is something to look at.
import { percent } from '../format.ts';

const SOME = 0.5;
const MUCH = 0.8;

interface MeterProps {
  readonly label: string;
  /** 0 to 1; null: not known. */
  readonly share: number | null;
  readonly warns?: boolean;
}

export function Meter({ label, share, warns = false }: MeterProps) {
  const level = !warns || share === null || share < SOME ? 'calm' : share < MUCH ? 'warn' : 'bad';
  return (
    <span class={`meter level-${level}`}>
      <span class="label">{label}</span>
      <span class="bar" aria-hidden="true">
        <span style={{ width: `${(share ?? 0) * 100}%` }} />
      </span>
      <span class="value">{share === null ? '–' : percent(share)}</span>
    </span>
  );
}
