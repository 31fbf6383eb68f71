// A new journal is opened by all processes of its cluster at the same moment: whoever comes first makes it, and nobody takes what the
// others have begun to write for a foreign database.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const PROCESSES = 4;
const ROUNDS = 60;

let root: string;
let children: ChildProcess[] = [];

async function answerOf(child: ChildProcess): Promise<string | null> {
  const [{ error }] = (await once(child, 'message')) as [{ error: string | null }];
  return error;
}

beforeEach(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-opening-'));
  const script = path.join(import.meta.dirname, 'openerProcess.ts');
  children = Array.from({ length: PROCESSES }, () => fork(script, { execArgv: ['--import', 'tsx'] }));
  await Promise.all(children.map(answerOf));
});

afterEach(async () => {
  await Promise.all(
    children.map((child) => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      return gone;
    }),
  );
  fs.rmSync(root, { recursive: true, force: true });
});

it('is made once by processes that open it at the same moment', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    // The empty name: everyone closes, so that nobody opens what another is closing.
    for (const folder of [path.join(root, String(round)), '']) {
      const answers = children.map(answerOf);
      for (const child of children) child.send(folder);
      expect(await Promise.all(answers), `round ${round}`).toEqual(Array(PROCESSES).fill(null));
    }
  }
});
