// Checks what jobs/endless.ts has written, to the last record: each line is a record's last digit, how many of that digit had come by then, and
// the record itself. Behind a stop with a savepoint the records of each source subtask are a whole stretch of numbers from its first on.
import fs from 'node:fs';
import path from 'node:path';

export interface OutputCheck {
  readonly records: number;
  readonly repeated: number;
  /** Between the first and the last of a source subtask. */
  readonly missing: number;
  /** Lines whose count does not follow that of the line before of the same digit: what the job's state lost or had twice. */
  readonly outOfCount: number;
}

/** `sources`: parallelism of the source, whose subtasks' stretches of numbers lie far apart. */
export function checkOutput(output: string, sources: number): OutputCheck {
  const numbers: number[] = [];
  const counted = new Map<number, number>();
  let outOfCount = 0;
  for (const file of filesOf(output)) {
    for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
      const fields = line.match(/\d+/g)?.map(Number);
      if (fields === undefined) continue;
      const [digit = -1, count = -1, number = -1] = fields;
      if (number % 10 !== digit || count !== (counted.get(digit) ?? 0) + 1) outOfCount++;
      counted.set(digit, count);
      numbers.push(number);
    }
  }
  numbers.sort((a, b) => a - b);
  const gaps: number[] = [];
  let repeated = 0;
  for (let index = 1; index < numbers.length; index++) {
    const step = numbers[index]! - numbers[index - 1]!;
    if (step === 0) repeated++;
    else if (step > 1) gaps.push(step - 1);
  }
  gaps.sort((a, b) => b - a);
  const missing = gaps.slice(sources - 1).reduce((sum, gap) => sum + gap, 0) + (numbers[0] ?? 1) - 1;
  return { records: numbers.length, repeated, missing, outOfCount };
}

/** A file, or the files of a folder. Keys do not change their file, so the order within each is enough. */
function filesOf(output: string): string[] {
  if (!fs.statSync(output).isDirectory()) return [output];
  return fs.readdirSync(output).map((name) => path.join(output, name));
}
