// Builds jobs through the API without a cluster: the graph that execute hands over is the result.
import { inContext } from '../../src/api/executor.ts';
import { StreamExecutionEnvironment } from '../../src/api/publicApi.ts';
import type { ExecutableJob } from '../../src/runtime/operatorSpec.ts';

export interface JobSettings {
  /** Default parallelism, as of `-p`. Default: 2. */
  readonly parallelism?: number;
  readonly baseDir?: string;
}

/** The job that `define` builds, named `test`. */
export function jobOf(define: (env: StreamExecutionEnvironment) => void, settings: JobSettings = {}): ExecutableJob {
  let job: ExecutableJob | null = null;
  let failure: unknown = null;
  const context = {
    parallelism: settings.parallelism ?? 2,
    baseDir: settings.baseDir ?? '/base',
    execute(build: () => ExecutableJob) {
      try {
        job = build();
      } catch (error) {
        failure = error;
      }
      return new Promise<never>(() => {});
    },
  };
  inContext(context, () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    define(env);
    void env.execute('test');
  });
  if (failure !== null) throw failure;
  return job!;
}

/** Vertices as one line each, for reading in a diff. */
export function describeGraph({ graph }: ExecutableJob): string {
  return graph.vertices
    .map((vertex, index) => {
      const inputs = vertex.inputs.map((input) => `${input.source} ${input.strategy}`).join(', ');
      const group = vertex.slotSharingGroup === 'default' ? '' : ` group=${vertex.slotSharingGroup}`;
      const coLocated = vertex.coLocationGroup === null ? '' : ` with=${vertex.coLocationGroup}`;
      return `${index}: ${vertex.name} (p=${vertex.parallelism}, max=${vertex.maxParallelism}${group}${coLocated})${inputs && ` <- ${inputs}`}`;
    })
    .join('\n');
}

/** The code of the error that an action throws; fails where it throws none. */
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  throw new Error('Nothing was thrown.');
}
