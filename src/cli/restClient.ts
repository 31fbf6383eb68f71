// Asks the JobManagers of a cluster's folder over REST. Any JobManager answers reads from its replica; the leader's answer is preferred,
// and one that hangs (a frozen process) holds nobody up where another answers.
import http from 'node:http';
import { CliError } from './cliError.ts';
import type { ClusterDir } from './clusterDir.ts';

/** Generous: a busy machine is no reason to say that nobody answers. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Once one has answered, for the leader to do so. */
const LEADER_PATIENCE_MS = 1_000;

/** `GET /jobmanagers`. */
export interface ClusterStatus {
  readonly leaderId: string | null;
  readonly epoch: number;
  readonly offset: number;
  readonly voided: { readonly claims: number; readonly commits: number };
  /** TaskManagers that the cluster keeps at least. */
  readonly desiredTaskManagers: number;
  readonly jobManagers: readonly {
    readonly id: string;
    readonly pid: number;
    readonly rest: string;
    readonly role: 'leader' | 'standby';
    readonly offset: number;
  }[];
  readonly taskManagers: readonly {
    readonly id: string;
    readonly pid: number;
    readonly slots: number;
    readonly slotsFree: number;
  }[];
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** One request; rejects where nobody answers in time. */
export function request<T>(
  address: string,
  method: 'GET' | 'PATCH' | 'POST',
  path: string,
  body?: object,
): Promise<Answer<T>> {
  return new Promise((resolve, reject) => {
    const call = http.request(
      `${address}${path}`,
      { method, agent: false, timeout: REQUEST_TIMEOUT_MS },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          try {
            resolve({
              status: response.statusCode ?? 0,
              body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as T,
            });
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    call.on('timeout', () => call.destroy(new Error(`${address} did not answer within ${REQUEST_TIMEOUT_MS} ms`)));
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Who answered, and its view of the cluster: the leader's where it answers, else the view that is furthest. */
export async function askCluster(
  dir: ClusterDir,
): Promise<{ readonly address: string; readonly status: ClusterStatus }> {
  const entries = await dir.liveProcesses('jobmanager');
  const addresses = entries.map(({ rest }) => rest).filter((rest) => rest !== null);
  if (addresses.length === 0) throw nobodyThere(dir);
  const views: { address: string; status: ClusterStatus }[] = [];
  let patience: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    let waitingFor = addresses.length;
    for (const address of addresses) {
      request<ClusterStatus>(address, 'GET', '/jobmanagers')
        .then(({ status: code, body: status }) => {
          if (code !== 200) return;
          views.push({ address, status });
          patience ??= setTimeout(resolve, LEADER_PATIENCE_MS);
          if (byLeader(status)) resolve();
        })
        .catch(() => {})
        .finally(() => --waitingFor === 0 && resolve());
    }
  });
  clearTimeout(patience);
  // One that does not know yet that it was deposed speaks of a lower epoch.
  views.sort(
    ({ status: a }, { status: b }) =>
      b.epoch - a.epoch || Number(byLeader(b)) - Number(byLeader(a)) || b.offset - a.offset,
  );
  const best = views[0];
  if (best === undefined) {
    throw new CliError(
      'CLUSTER_NOT_RUNNING',
      `None of the JobManagers of ${dir.name} answers (${addresses.join(', ')}). See ${dir.name}/log, and start one with: sluice jobmanager start --dir ${dir.name}`,
    );
  }
  return best;
}

/** A JobManager puts itself first. */
function byLeader({ jobManagers }: ClusterStatus): boolean {
  return jobManagers[0]?.role === 'leader';
}

export function nobodyThere(dir: ClusterDir): CliError {
  return new CliError(
    'CLUSTER_NOT_RUNNING',
    `No JobManager of a cluster in ${dir.name} runs. Start one with: sluice start-cluster --dir ${dir.name}`,
  );
}

/** GET from whichever JobManager knows best; an answer other than 200 becomes an error. */
export async function get<T>(dir: ClusterDir, path: string): Promise<T> {
  const { address } = await askCluster(dir);
  return expectSuccess(await request<T>(address, 'GET', path));
}

export function expectSuccess<T>({ status, body }: Answer<T>): T {
  if (status >= 200 && status < 300) return body;
  const { errors } = body as { errors?: string[] };
  throw new CliError('REQUEST_REFUSED', errors?.join(' ') ?? `The JobManager answered with status ${status}.`);
}
