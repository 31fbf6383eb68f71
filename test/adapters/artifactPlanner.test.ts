// Plans of jobs that came as artifacts: the bundle is fetched, and run in a real thread.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArtifactPlanner } from '../../src/adapters/artifactPlanner.ts';
import { bundleJob } from '../../src/client/bundle.ts';
import { BlobNotFound } from '../../src/ports/blobStore.ts';
import { PlanError } from '../../src/ports/planner.ts';

let dir: string;
/** File of each bundle by its hash. */
const files = new Map<string, string>();

beforeAll(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'sluice-planner-'));
});
afterAll(() => fs.rm(dir, { recursive: true, force: true }));

const PRELUDE = `import { StreamExecutionEnvironment } from 'sluice';
const env = StreamExecutionEnvironment.getExecutionEnvironment();
`;

async function push(source: string): Promise<string> {
  const file = path.join(dir, `job${files.size}.ts`);
  await fs.writeFile(file, source);
  const { bytes, sha256 } = await bundleJob(file);
  await fs.writeFile(`${file}.mjs`, bytes);
  files.set(sha256, `${file}.mjs`);
  return sha256;
}

const blobs = {
  opened: 0,
  closed: 0,
  async put(): Promise<string> {
    throw new Error('a planner stores nothing');
  },
  async fetch(sha256: string): Promise<string> {
    const file = files.get(sha256);
    if (file === undefined) throw new BlobNotFound(`Artifact ${sha256} did not arrive.`);
    return file;
  },
  async [Symbol.asyncDispose](): Promise<void> {
    blobs.closed++;
  },
};

/** Hash of the bundle that each name stands for. */
const names = new Map<string, string>();
const findByName = async (name: string) => names.get(name) ?? null;

function planner(timeoutMs = 20_000, maxHeapMb = 256): ArtifactPlanner {
  const openBlobs = async () => {
    blobs.opened++;
    return blobs;
  };
  return new ArtifactPlanner({ openBlobs, findByName, timeoutMs, maxHeapMb });
}

const never = new AbortController().signal;

describe('an ArtifactPlanner', () => {
  it('gives the graph that the arguments and the parallelism ask for, and opens the store once', async () => {
    const sha256 = await push(
      `${PRELUDE}export default async (args: string[]) => { env.fromSequence(1, Number(args[0])).map(async (x) => x).print(); await env.execute('n'); };`,
    );
    const opened = blobs.opened;
    await using one = planner();
    const request = { artifact: { sha256, name: 'job.ts' }, args: ['9'], parallelism: 3 };
    const [first, second] = await Promise.all([one.plan(request, never), one.plan(request, never)]);
    expect(first.graph.vertices.map(({ parallelism }) => parallelism)).toContain(3);
    expect(first.checkpointing).toBeNull();
    expect(second.graph.hash).toBe(first.graph.hash);
    expect(blobs.opened).toBe(opened + 1);
  });

  it.each([
    ['threw', `${PRELUDE}throw new Error('no such topic');`, /no such topic/],
    ['never executed', PRELUDE, /without calling execute/],
    ['never ended', `${PRELUDE}for (;;);`, /within 0\.5 s/],
    ['ate memory', `${PRELUDE}const all = []; for (;;) all.push(new Array(10_000).fill({}));`, /more than 32 MB/],
  ])('refuses a job that %s', async (_, source, reason) => {
    const sha256 = await push(source);
    const refused = planner(source.includes('for (;;);') ? 500 : 20_000, 32).plan(
      { artifact: { sha256, name: 'job.ts' }, args: [], parallelism: 1 },
      never,
    );
    await expect(refused).rejects.toThrow(reason);
    await expect(refused).rejects.toBeInstanceOf(PlanError);
  });

  it('refuses a job whose bundle does not come, and is ready to try again where the store is away', async () => {
    const request = { artifact: { sha256: 'f'.repeat(64), name: 'job.ts' }, args: [], parallelism: 1 };
    await expect(planner().plan(request, never)).rejects.toBeInstanceOf(PlanError);
    let tries = 0;
    const away = new ArtifactPlanner({
      findByName,
      timeoutMs: 1_000,
      maxHeapMb: 64,
      openBlobs: async () => {
        if (++tries === 1) throw new Error('the journal is away');
        return blobs;
      },
    });
    await expect(away.plan(request, never)).rejects.toThrow('the journal is away');
    await expect(away.plan(request, never)).rejects.toBeInstanceOf(PlanError);
  });

  it('finds a bundle by its name, and says which it was', async () => {
    const sha256 = await push(
      `${PRELUDE}export default async () => { env.fromSequence(1, 2).print(); await env.execute('n'); };`,
    );
    names.set('numbers', sha256);
    const request = { artifact: { sha256: '', name: 'numbers' }, args: [], parallelism: 1 };
    expect((await planner().plan(request, never)).artifact).toEqual({ sha256, name: 'numbers' });
    const unknown = planner().plan({ ...request, artifact: { sha256: '', name: 'letters' } }, never);
    await expect(unknown).rejects.toThrow('There is no artifact named letters: push it');
    await expect(unknown).rejects.toBeInstanceOf(PlanError);
  });

  it('ends the thread when it is told to', async () => {
    const sha256 = await push(`${PRELUDE}for (;;);`);
    const abort = new AbortController();
    const planning = planner().plan({ artifact: { sha256, name: 'job.ts' }, args: [], parallelism: 1 }, abort.signal);
    abort.abort(new Error('the term has ended'));
    await expect(planning).rejects.toThrow('the term has ended');
  });
});
