// `sluice savepoint --dispose PATH`: has a JobManager delete the savepoint, since it is the cluster that sees the storage.

import { CliError } from './cliError.ts';
import { ClusterDir } from './clusterDir.ts';
import type { DirOption } from './options.ts';
import { placeOf } from './places.ts';
import { askCluster, expectSuccess, request } from './restClient.ts';

const TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 20;

interface Disposal {
  readonly status: { readonly id: 'IN_PROGRESS' | 'COMPLETED' };
  readonly operation: { readonly 'failure-cause'?: { readonly 'stack-trace': string } } | null;
}

export async function disposeSavepoint(path: string, options: DirOption): Promise<void> {
  const place = placeOf(path);
  console.log(`Disposing savepoint '${place}'.`);
  const { address } = await askCluster(new ClusterDir(options.dir));
  const asked = await request<{ readonly 'request-id': string }>(address, 'POST', '/savepoint-disposal', {
    'savepoint-path': place,
  });
  const { 'request-id': id } = expectSuccess(asked);
  for (const deadline = performance.now() + TIMEOUT_MS; performance.now() < deadline; ) {
    const { status, operation } = expectSuccess(await request<Disposal>(address, 'GET', `/savepoint-disposal/${id}`));
    const failure = operation?.['failure-cause']?.['stack-trace'];
    if (failure !== undefined)
      throw new CliError(
        'REQUEST_REFUSED',
        `The savepoint was not disposed: ${failure.replace(/^java\.lang\.\w+: /, '')}`,
      );
    if (status.id === 'COMPLETED') {
      console.log(`Savepoint '${place}' disposed.`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
  throw new CliError(
    'REQUEST_REFUSED',
    `The savepoint was not disposed within ${TIMEOUT_MS / 1_000} s; it may be yet.`,
  );
}
