// The quickstart's word count between two real servers: lines in over one socket, counts by windows out over the other.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { packageRoot } from '../../src/packageRoot.ts';
import { TcpServer } from '../connectors/tcpServer.ts';

const example = path.join(packageRoot, 'examples', 'socketWindowWordCount.ts');
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

it('counts the words that a socket brings, and ends with it', async () => {
  const [words, counts] = [await TcpServer.listen(), await TcpServer.listen()];
  cleanups.push(
    () => words.close(),
    () => counts.close(),
  );
  const connected = Promise.all([words.accept(), counts.accept()]);
  const args = ['--hostname', '127.0.0.1', '--port', String(words.port), '--to', String(counts.port)];
  const job = spawn(
    process.execPath,
    ['--conditions=sluice-source', '--import', 'tsx', example, ...args, '--window', '0.2'],
    { cwd: packageRoot, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  cleanups.push(() => job.kill('SIGKILL'));
  let errors = '';
  job.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = once(job, 'exit');
  const [speaker, listener] = (await Promise.race([
    connected,
    ended.then(() => {
      throw new Error(`the job has ended: ${errors}`);
    }),
  ])) as Awaited<typeof connected>;
  const closed = once(listener, 'end');
  const sums = () => {
    const all: Record<string, number> = {};
    for (const line of counts.received.split('\n').slice(0, -1)) {
      const [word, count] = line.split(' : ');
      all[word!] = (all[word!] ?? 0) + Number(count);
    }
    return all;
  };
  // A window of processing time fires by the clock alone: what is in one at the end of the input is dropped, as in Flink.
  const counted = async (words: number) => {
    while (Object.values(sums()).reduce((sum, count) => sum + count, 0) < words) await once(listener, 'data');
  };
  speaker.write('to be or not to be\n');
  await counted(6);
  speaker.write('that is the question, to be sure\n');
  await counted(13);
  speaker.end();
  await closed;
  const [code] = await ended;
  expect([code, errors]).toEqual([0, '']);
  expect(sums()).toEqual({
    ...{ to: 3, be: 3, or: 1, not: 1 },
    ...{ that: 1, is: 1, the: 1, 'question,': 1, sure: 1 },
  });
});
