// A state as a word on its colour; the word alone says it, too.

const TONES: Readonly<Record<string, string>> = {
  RUNNING: 'good',
  FINISHED: 'done',
  COMPLETED: 'good',
  FAILED: 'bad',
  FAILING: 'bad',
  RESTARTING: 'warn',
  CANCELED: 'quiet',
  CANCELLING: 'warn',
  CANCELING: 'warn',
  SUSPENDED: 'quiet',
  CREATED: 'plain',
  SCHEDULED: 'plain',
  DEPLOYING: 'plain',
  INITIALIZING: 'plain',
  IN_PROGRESS: 'plain',
  leader: 'good',
  standby: 'plain',
  registered: 'good',
  suspected: 'warn',
  releasing: 'quiet',
};

export function toneOf(state: string): string {
  return TONES[state] ?? 'plain';
}

export function Badge({ state }: { readonly state: string }) {
  return <span class={`badge tone-${toneOf(state)}`}>{state.replace('_', ' ')}</span>;
}
