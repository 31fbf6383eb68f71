// StreamExecutionEnvironment: where a job begins (its sources, its defaults) and ends (execute). One environment is one job.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CheckpointConfig } from '../core/schema.gen.ts';
import type { Source } from '../runtime/connectors/source.ts';
import type { ExecutableJob, OperatorSpec } from '../runtime/operatorSpec.ts';
import { type StateBackendKind, stateBackendKinds } from '../runtime/state/stateBackendKind.ts';
import { type EventTimeStrategy, WatermarkStrategy } from '../runtime/watermarkStrategy.ts';
import { ApiError } from './apiError.ts';
import { type CheckpointingOptions, checkpointConfig } from './checkpointing.ts';
import { collectIn } from './collecting.ts';
import type { GraphBuilder } from './dataStream.ts';
import { currentContext, type JobContext, type JobExecutionResult } from './executor.ts';
import type { Tuple } from './fieldTypes.ts';
import { toExecutableJob } from './jobGraph.ts';
import { DataStreamSource } from './singleOutputStreamOperator.ts';
import { type SocketOptions, socketSource } from './sockets.ts';
import { paceOf, type SourceOptions, type TextFileOptions } from './sourceOptions.ts';
import { checkedName, checkMaxParallelism, checkParallelism, type RuntimeMode, StreamGraph } from './streamGraph.ts';

/** A collection is held in memory by every task that runs the job. */
const MAX_COLLECTION_ELEMENTS = 10_000_000;
const DEFAULT_AUTO_WATERMARK_INTERVAL_MS = 200;
const MAX_AUTO_WATERMARK_INTERVAL_MS = 24 * 60 * 60 * 1_000;
const RUNTIME_MODES: readonly RuntimeMode[] = ['STREAMING', 'BATCH', 'AUTOMATIC'];
const DEFAULT_JOB_NAME = 'Sluice Streaming Job';

export class StreamExecutionEnvironment {
  readonly #context: JobContext;
  readonly #graph = new StreamGraph();
  readonly #builder: GraphBuilder;
  #parallelism: number;
  #maxParallelism: number | null = null;
  #checkpointing: CheckpointConfig | null = null;
  #autoWatermarkIntervalMs = DEFAULT_AUTO_WATERMARK_INTERVAL_MS;
  #executed = false;

  private constructor(context: JobContext) {
    this.#context = context;
    this.#parallelism = context.parallelism;
    this.#builder = {
      graph: this.#graph,
      defaults: () => ({ parallelism: this.#parallelism, maxParallelism: this.#maxParallelism }),
      autoWatermarkIntervalMs: () => this.#autoWatermarkIntervalMs,
      collect: (jobName = DEFAULT_JOB_NAME, uid) => collectIn(this.#context, () => this.#build(jobName), uid),
      resolvePath: (file, what) => this.#resolvePath(file, what),
    };
  }

  /**
   * A new, empty environment. Where the job runs depends on how the file was started: under `sluice run` on the cluster,
   * under plain `node` or `tsx` in this process.
   */
  static getExecutionEnvironment(): StreamExecutionEnvironment {
    return new StreamExecutionEnvironment(currentContext());
  }

  /** Parallelism of the operators defined from here on, 1 to 32768. Default: `-p` of `sluice run`; locally the number of cores. */
  setParallelism(parallelism: number): this {
    checkParallelism(parallelism, 'the environment');
    this.#parallelism = parallelism;
    return this;
  }

  getParallelism(): number {
    return this.#parallelism;
  }

  /** Number of key groups of the operators defined from here on, up to 32768. Default: derived from each one's parallelism. */
  setMaxParallelism(maxParallelism: number): this {
    checkMaxParallelism(maxParallelism, 'the environment');
    this.#maxParallelism = maxParallelism;
    return this;
  }

  /**
   * Stores the job's state each `intervalMs`, so that a failure costs what came since and nothing twice. In a job that plain `node` runs,
   * checkpoints are kept in memory and let two-phase sinks commit; it is not restarted.
   */
  enableCheckpointing(intervalMs: number, options: CheckpointingOptions = {}): this {
    this.#checkpointing = checkpointConfig(intervalMs, options);
    this.#graph.incremental = options.incremental ?? null;
    return this;
  }

  /**
   * Where the job's keyed state is kept: 'hashmap' in heap, 'lmdb' on disk behind a cache in managed memory. Savepoints fit both. Default:
   * the cluster's `state.backend.type`.
   */
  setStateBackend(kind: StateBackendKind): this {
    if (!stateBackendKinds.includes(kind)) {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `There is no state backend '${String(kind)}': choose one of ${stateBackendKinds.join(', ')}.`,
      );
    }
    this.#graph.stateBackend = kind;
    return this;
  }

  /**
   * How often the watermark strategies given from here on are asked for a watermark, in ms; 0: only on records. Default: 200, as Flink's
   * `pipeline.auto-watermark-interval`.
   */
  setAutoWatermarkInterval(intervalMs: number): this {
    if (!Number.isSafeInteger(intervalMs) || intervalMs < 0 || intervalMs > MAX_AUTO_WATERMARK_INTERVAL_MS) {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `The auto watermark interval must be a whole number of ms from 0 to ${MAX_AUTO_WATERMARK_INTERVAL_MS}, not ${String(intervalMs)}.`,
      );
    }
    this.#autoWatermarkIntervalMs = intervalMs;
    return this;
  }

  /** Whether results come as they are known or once, at the end of bounded input. Default: 'STREAMING'. */
  setRuntimeMode(mode: RuntimeMode): this {
    if (!RUNTIME_MODES.includes(mode)) {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `The runtime mode must be one of ${RUNTIME_MODES.join(', ')}, not ${String(mode)}.`,
      );
    }
    this.#graph.runtimeMode = mode;
    return this;
  }

  /** Gives every operator of the job a task of its own. */
  disableOperatorChaining(): this {
    this.#graph.chaining = false;
    return this;
  }

  /** A bounded stream of the arguments, at least one. Not parallel. */
  fromElements<T extends Tuple>(...values: readonly T[]): DataStreamSource<T>;
  fromElements<T>(...values: readonly T[]): DataStreamSource<T>;
  fromElements<T>(...values: readonly T[]): DataStreamSource<T> {
    if (values.length === 0) {
      throw new ApiError(
        'INVALID_ARGUMENT',
        'fromElements needs at least one element. For a stream that may be empty, use fromCollection([]).',
      );
    }
    return this.#addSource('Collection Source', { type: 'collectionSource', values });
  }

  /** A bounded stream of the arguments, or of the elements of an array. Not parallel. */
  fromData<T extends Tuple>(values: readonly T[]): DataStreamSource<T>;
  fromData<T>(values: readonly T[]): DataStreamSource<T>;
  fromData<T>(...values: readonly [T, T, ...T[]]): DataStreamSource<T>;
  fromData<T>(...values: readonly unknown[]): DataStreamSource<T> {
    const [first] = values;
    return this.fromCollection((values.length === 1 && Array.isArray(first) ? first : values) as readonly T[]);
  }

  /** A bounded stream of what the iterable gives, read now, up to 10 million records. Not parallel. */
  fromCollection<T>(values: Iterable<T>, options: SourceOptions = {}): DataStreamSource<T> {
    if (values === null || values === undefined || typeof values[Symbol.iterator] !== 'function') {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `fromCollection takes an iterable, such as an array, not ${String(values)}.`,
      );
    }
    const read: T[] = [];
    for (const value of values) {
      if (read.length === MAX_COLLECTION_ELEMENTS) {
        throw new ApiError(
          'TOO_MANY_ELEMENTS',
          `fromCollection read ${MAX_COLLECTION_ELEMENTS} elements and there are more. Use fromSequence(from, to).map(…) or readTextFile(path).`,
        );
      }
      read.push(value);
    }
    return this.#addSource('Collection Source', {
      type: 'collectionSource',
      values: read,
      ...paceOf(options, 'fromCollection'),
    });
  }

  /**
   * A bounded stream of the whole numbers from `from` to `to`, both included, split over the subtasks in ranges: at parallelism 1 they come in order.
   */
  fromSequence(from: number, to: number, options: SourceOptions = {}): DataStreamSource<number> {
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from > to) {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `fromSequence takes two whole numbers, the first at most the second, not ${String(from)} and ${String(to)}.`,
      );
    }
    return this.#addSource('Sequence Source', { type: 'sequenceSource', from, to, ...paceOf(options, 'fromSequence') });
  }

  /**
   * The lines (UTF-8, ended by LF or CRLF) of a file, or of every file in a folder and the folders below it, split over the subtasks. A relative
   * path starts at the client's working folder; the TaskManagers must see the file at the same absolute path. A missing file
   * fails the task.
   */
  readTextFile(file: string | URL, options: TextFileOptions = {}): DataStreamSource<string> {
    return this.#addSource('Text File', {
      type: 'textFileSource',
      path: this.#resolvePath(file, 'readTextFile'),
      watch: options.watch ?? false,
      ...paceOf(options, 'readTextFile'),
    });
  }

  /**
   * The records that a server sends over TCP as text (UTF-8), ended by a delimiter, as Flink's: at most once, since a server is not asked again for what
   * it has sent, so what was under way is lost when a task fails. Not parallel. Try it with `nc -lk 9000`.
   */
  socketTextStream(hostname: string, port: number, options: SocketOptions = {}): DataStreamSource<string> {
    const pace = paceOf(options, 'socketTextStream');
    return this.#addSource('Socket Stream', {
      ...{ type: 'readerSource', parallel: false, source: socketSource(hostname, port, options) },
      ...{ strategy: null, intervalMs: 0, ...pace },
    });
  }

  /**
   * The stream of a source: one that Sluice's connectors provide, or one's own. `strategy`: null where the job does not ask for event time; else each split
   * of the source has watermarks of its own, without an assigner from the timestamps that the source gives.
   */
  fromSource<T, State>(
    source: Source<T, State>,
    strategy: EventTimeStrategy<T> | null,
    name: string,
    options: SourceOptions = {},
  ): DataStreamSource<T> {
    if (typeof (source as Partial<Source<T, State>> | null)?.createReader !== 'function') {
      throw new ApiError('INVALID_ARGUMENT', 'fromSource takes a Source: an object with boundedness and createReader.');
    }
    if (strategy !== null && !(strategy instanceof WatermarkStrategy)) {
      throw new ApiError(
        'INVALID_ARGUMENT',
        'The second argument of fromSource is a WatermarkStrategy, such as WatermarkStrategy.forBoundedOutOfOrderness(5_000), or null for a job without event time.',
      );
    }
    return this.#addSource(checkedName(name, 'the name of the source'), {
      type: 'readerSource',
      source: source as unknown as Source<unknown>,
      strategy: strategy as EventTimeStrategy<unknown> | null,
      intervalMs: this.#autoWatermarkIntervalMs,
      ...paceOf(options, 'fromSource'),
    });
  }

  /**
   * Hands the job over to be run, once for each environment. Locally the promise resolves when the job has finished and rejects when it
   * failed. Under `sluice run` it never resolves, since the job goes on without this module: let execute be the last thing it does.
   */
  async execute(jobName: string = DEFAULT_JOB_NAME): Promise<JobExecutionResult> {
    return this.#context.execute(() => this.#build(jobName));
  }

  #build(jobName: string): ExecutableJob {
    checkedName(jobName, 'The name of the job');
    if (this.#executed) {
      throw new ApiError(
        'EXECUTE_TWICE',
        `execute('${jobName}') was called on an environment that was executed already. Build a second job from a new environment.`,
      );
    }
    const job = toExecutableJob(jobName, this.#graph, this.#checkpointing);
    this.#executed = true;
    this.#graph.seal();
    return job;
  }

  #addSource<T>(name: string, spec: OperatorSpec): DataStreamSource<T> {
    return new DataStreamSource<T>(this.#builder, this.#graph.addNode(spec, name, [], this.#builder.defaults()));
  }

  #resolvePath(file: string | URL, what: string): string {
    if (file instanceof URL || (typeof file === 'string' && file.startsWith('file:'))) {
      try {
        return fileURLToPath(file);
      } catch (error) {
        throw new ApiError(
          'INVALID_ARGUMENT',
          `${what} cannot use ${String(file)}: ${(error as Error).message}. Pass a path or a file: URL.`,
        );
      }
    }
    if (typeof file === 'string' && file !== '') return path.resolve(this.#context.baseDir, file);
    throw new ApiError(
      'INVALID_ARGUMENT',
      `${what} takes the path of a file or folder, not ${JSON.stringify(file) ?? String(file)}.`,
    );
  }
}
