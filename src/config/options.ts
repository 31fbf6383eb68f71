// Every key of sluice.yaml in one table: how its value is written, its default and what it means. The parser, the defaults,
// deploy/sluice.yaml and docs/configuration.md all follow from it. Keys are Flink's wherever Flink has the thing.
import type { z } from 'zod';
import { stateBackendKinds } from '../runtime/state/stateBackendKind.ts';
import type { ConfigOption } from './configOption.ts';
import { coordinatorOptions } from './coordinatorOptions.ts';
import { memoryOptions } from './memoryOptions.ts';
import { duration, integer, list, memorySize, oneOf, text } from './values.ts';

const MAX_PORT = 65_535;
const MAX_SLOTS = 10_000;
const MAX_PARALLELISM = 32_768;

export const configOptions = {
  'cluster.id': {
    schema: text(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens, at most 63'),
    fallback: 'default',
    kind: 'name',
    description: 'Name of the cluster; part of its topics’ names, so that several clusters can share a broker.',
  },
  'jobmanager.rest.bind-address': {
    schema: text(),
    fallback: '127.0.0.1',
    kind: 'address',
    description: 'Address that each JobManager’s REST listens on.',
    aliases: ['rest.bind-address'],
  },
  'rest.port': {
    schema: integer(0, MAX_PORT),
    fallback: '8081',
    kind: 'port',
    description:
      'Port of REST and the web UI of jm-1; jm-2 takes the next one, and so on. 0: each takes any free port.',
    aliases: ['jobmanager.rest.port'],
  },
  'jobmanager.memory.heap.size': {
    schema: memorySize({ minBytes: 32 * 2 ** 20 }),
    fallback: '1g',
    kind: 'memory',
    description: 'Limit of a JobManager’s heap.',
  },
  'taskmanager.numberOfTaskSlots': {
    schema: integer(1, MAX_SLOTS),
    fallback: '2',
    kind: 'number',
    description: 'Slots that each TaskManager offers.',
  },
  ...memoryOptions,
  'taskmanager.worker-threads': {
    schema: integer(0, 512),
    fallback: '0',
    kind: 'number',
    description:
      'Threads that run a TaskManager’s slots; slots beyond that share threads. 0: the cores, at least the slots up to 8.',
  },
  'taskmanager.host': {
    schema: text(),
    fallback: '127.0.0.1',
    kind: 'address',
    description: 'Address that a TaskManager listens on for other TaskManagers’ data, and tells them.',
  },
  'taskmanager.data.port': {
    schema: integer(0, MAX_PORT),
    fallback: '0',
    kind: 'port',
    description: 'Port for other TaskManagers’ data. 0: any free port.',
  },
  'task.cancellation.timeout': {
    schema: duration(),
    fallback: '30 s',
    kind: 'duration',
    description:
      'How long a cancelled task may keep its thread busy. Then the thread is ended, and its other tasks run again elsewhere. 0: for ever.',
  },
  'high-availability.keepalive-interval': {
    schema: duration({ minMs: 10 }),
    fallback: '100 ms',
    kind: 'duration',
    description: 'How often the leading JobManager says that it lives.',
  },
  'high-availability.leader-timeout': {
    schema: duration({ minMs: 50 }),
    fallback: '600 ms',
    kind: 'duration',
    description: 'A standby that has heard nothing of the leader for so long claims leadership.',
  },
  'heartbeat.interval': {
    schema: duration({ minMs: 10 }),
    fallback: '500 ms',
    kind: 'duration',
    description: 'How often a TaskManager says that it lives.',
  },
  'heartbeat.timeout': {
    schema: duration({ minMs: 50 }),
    fallback: '3 s',
    kind: 'duration',
    description: 'A TaskManager silent for so long is suspected.',
  },
  'heartbeat.fault-transfer-delay': {
    schema: duration(),
    fallback: '500 ms',
    kind: 'duration',
    description: 'A suspected TaskManager that stays silent for so long is lost, and its tasks have failed.',
  },
  ...coordinatorOptions,
  'execution.buffer-timeout': {
    schema: duration(),
    fallback: '20 ms',
    kind: 'duration',
    description: 'A batch of records that is not full is sent after so long.',
  },
  'state.backend.type': {
    schema: oneOf(stateBackendKinds),
    fallback: 'hashmap',
    kind: 'hashmap | lmdb',
    description:
      'Where jobs that choose nothing keep their keyed state: in heap, or on disk behind a cache in managed memory.',
    aliases: ['state.backend'],
  },
  'parallelism.default': {
    schema: integer(1, MAX_PARALLELISM),
    fallback: '1',
    kind: 'number',
    description: 'Parallelism of a job for which `sluice run -p` gives none.',
  },
  'journal.type': {
    schema: oneOf(['embedded', 'kafka']),
    fallback: 'embedded',
    kind: 'embedded | kafka',
    description: 'Where the log lives: in a folder of this machine (no server), or on Kafka.',
  },
  'journal.embedded.path': {
    schema: text(),
    fallback: 'journal',
    kind: 'folder',
    description: 'Folder of the embedded journal; a relative one lies in the cluster’s folder.',
  },
  'journal.embedded.map-size': {
    schema: memorySize({ minBytes: 16 * 2 ** 20 }),
    fallback: '16g',
    kind: 'memory',
    description:
      'Most that the embedded journal’s file may grow to; address space only, the disk fills as records are kept.',
  },
  'journal.kafka.brokers': {
    schema: list(/^[^\s:/]+:\d{1,5}$/, 'must be host:port, several separated by commas'),
    fallback: 'localhost:9092',
    kind: 'host:port, …',
    description: 'Kafka brokers to ask first.',
  },
  'journal.kafka.connect-timeout': {
    schema: duration({ minMs: 100 }),
    fallback: '10 s',
    kind: 'duration',
    description: 'How long a process that starts looks for a broker before it gives up.',
  },
  'journal.kafka.topic-prefix': {
    schema: text(/^[A-Za-z0-9._-]{1,100}$/, 'must be letters, digits, dots, underscores and hyphens, at most 100'),
    fallback: 'sluice',
    kind: 'name',
    description: 'Topics are called <prefix>.<cluster.id>.<topic>.',
  },
  'log.level': {
    schema: oneOf(['debug', 'info', 'warn', 'error']),
    fallback: 'info',
    kind: 'debug | info | warn | error',
    description: 'The least severity that goes into the logs.',
  },
} as const satisfies Readonly<Record<string, ConfigOption>>;

type Options = typeof configOptions;
export type ConfigKey = keyof Options;

/** Every key with its value: durations in ms, memory in bytes. */
export type Config = { readonly [Key in ConfigKey]: z.output<Options[Key]['schema']> };

export const configKeys = Object.keys(configOptions) as ConfigKey[];

/** The option, without the precise type of its schema. */
export function optionOf(key: ConfigKey): ConfigOption {
  return configOptions[key];
}

/** The key that the spelling stands for, or null. */
export function canonicalKey(spelling: string): ConfigKey | null {
  if (Object.hasOwn(configOptions, spelling)) return spelling as ConfigKey;
  return configKeys.find((key) => optionOf(key).aliases?.includes(spelling)) ?? null;
}
