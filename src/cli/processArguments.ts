// The arguments of the cluster's own processes (`_jobmanager`, `_taskmanager`), which only launch.ts writes.
import { parseArgs } from 'node:util';
import type { HostOptions } from './processHost.ts';

export function parseProcessArguments(kind: HostOptions['kind'], args: readonly string[]): HostOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      id: { type: 'string' },
      dir: { type: 'string' },
      request: { type: 'string' },
      define: { type: 'string', short: 'D', multiple: true, default: [] },
    },
  });
  if (values.id === undefined || values.dir === undefined) {
    throw new Error(`_${kind} is started by the other commands: it needs --id and --dir`);
  }
  return { kind, id: values.id, dir: values.dir, requestId: values.request ?? null, overrides: values.define };
}
