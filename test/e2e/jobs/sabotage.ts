// What a job does to itself when it is told to: whoever puts the name of an act into its file has one subtask fail, take its thread along, or
// forget a promise that is rejected. The file is gone once it has begun.
import fs from 'node:fs';

export const ACTS = ['throw', 'exit', 'reject'] as const;
/** Records between two looks at the file. */
const LOOK_EACH = 32;

/** Hands each record on. Without a file it does nothing else. */
export function sabotaged<T>(file: string | undefined): (value: T) => T {
  if (file === undefined) return (value) => value;
  let seen = 0;
  return (value) => {
    if (++seen % LOOK_EACH === 0 && fs.existsSync(file)) act(file);
    return value;
  };
}

function act(file: string): void {
  let name: string;
  try {
    name = fs.readFileSync(file, 'utf8');
    fs.unlinkSync(file);
  } catch {
    // Another subtask was first.
    return;
  }
  switch (name) {
    case 'throw':
      throw new Error('sabotage');
    case 'exit':
      process.exit(1);
      return;
    case 'reject':
      void Promise.reject(new Error('sabotage that nobody awaits'));
      return;
    default:
      throw new Error(`there is no act '${name}'`);
  }
}
