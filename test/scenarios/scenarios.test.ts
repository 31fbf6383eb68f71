// Plays every transcript of this folder and compares it with itself; `vitest -u` rewrites them.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { play } from './transcript.ts';

const folder = import.meta.dirname;
const files = fs.readdirSync(folder).filter((file) => file.endsWith('.txt'));

it.each(files)('%s', async (file) => {
  const text = fs.readFileSync(path.join(folder, file), 'utf8');
  await expect(play(text)).toMatchFileSnapshot(path.join(folder, file));
});
