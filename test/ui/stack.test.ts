// Which lines of a stack are the user's own: where Sluice lies in its sources, where it is installed, and in whatever folder the user works.
import { describe, expect, it } from 'vitest';
import { headline, stackLines } from '../../src/ui/stack.ts';

function kindsOf(text: string): string[] {
  return stackLines(text).map(({ kind }) => kind);
}

describe('a stack', () => {
  it('marks frames in the user’s files, and no others', () => {
    const text = `Operator 'Map' failed: Error: no
    at count (/home/ann/sluice/examples/words.ts:7:11)
    at async Promise.all (index 0)
    at JSON.parse (<anonymous>)
    at /home/ann/sluice/examples/words.ts:9:1
    at collect (/home/ann/sluice/src/runtime/statelessOperators.ts:15:16)
    at Task.run (/home/ann/sluice/src/runtime/task.ts:144:23)
    at clean (/home/ann/sluice/node_modules/left-pad/index.js:3:1)
    at process.processImmediate (node:internal/timers:483:21)`;
    const own = ['user', 'runtime', 'runtime', 'user'];
    expect(kindsOf(text)).toEqual(['message', ...own, ...Array(4).fill('runtime')]);
    expect(
      stackLines(text)
        .map((line) => line.text)
        .join('\n'),
    ).toBe(text);
    expect(headline(text)).toBe("Operator 'Map' failed: Error: no");
  });

  it('takes the user’s own src/runtime for what it is', () => {
    const text = `Error: no
    at parse (/home/ann/shop/src/runtime/parse.ts:1:2)
    at Task.run (/home/ann/shop/node_modules/sluice/src/runtime/task.ts:144:23)
Caused by: thrown value 7`;
    expect(kindsOf(text)).toEqual(['message', 'user', 'runtime', 'message']);
  });

  it('has only a message where nothing was thrown', () => {
    expect(kindsOf('TaskManager tm-1 was lost: no heartbeat for 5 s')).toEqual(['message']);
  });
});
