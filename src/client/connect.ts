// A JobClient for other services, which know a cluster by its configuration and no more.
import path from 'node:path';
import { loadConfig } from '../config.ts';
import { connectJobClient, openBackbone } from '../wiring.ts';
import type { JobClient } from './jobClient.ts';

export interface ConnectOptions {
  /** The cluster's sluice.yaml; left out: the defaults and `settings`. */
  readonly configFile?: string;
  /** Keys of sluice.yaml that go before the file's, such as `{ 'journal.type': 'kafka', 'cluster.id': 'prod' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Folder of a cluster on the embedded journal, which is of this machine. Default `.sluice`. */
  readonly dir?: string;
  /** Who it is, in the records it writes. Default `client`. */
  readonly source?: string;
}

export interface ClusterConnection extends AsyncDisposable {
  readonly client: JobClient;
  /** Closes the client and its connection; jobs run on. */
  close(): Promise<void>;
}

/** Rejects with a ConfigError or a JournalError that says what is wrong and what to do. */
export async function connect(options: ConnectOptions = {}): Promise<ClusterConnection> {
  const { configFile = null, settings = {}, dir = '.sluice', source = 'client' } = options;
  const overrides = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  const backbone = await openBackbone({
    config: loadConfig(configFile, overrides),
    dir: path.resolve(dir),
    source,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    createTopics: false,
  });
  const client = await connectJobClient(backbone);
  const close = async (): Promise<void> => {
    await client.close();
    await backbone.close();
  };
  return { client, close, [Symbol.asyncDispose]: close };
}
