// Apache Kafka's programs on this machine, fetched once from Maven Central into a cache folder and made quick to start: data formatted in
// advance, and a class-data archive of a running broker. Guarantees: the folder appears whole or not at all; processes that want it at
// once wait for the one that fetches; where it cannot be had, the error says what is missing.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface KafkaInstallation {
  /** The Java program. */
  readonly java: string;
  /** Everything of the `java` command line before the main class. */
  readonly javaArguments: readonly string[];
  /** A formatted, empty data folder, to be copied. */
  readonly formattedDataDir: string;
}

const JAVA = 'java';
const MAVEN = 'mvn';
const KAFKA_VERSION = '4.3.1';
const SLF4J_VERSION = '1.7.36';
const MIN_JAVA_VERSION = 17;
const CLUSTER_ID = 'c2x1aWNlLWxvY2FsLTAwMQ';
const DOWNLOAD_TIMEOUT_MS = 300_000;
const TOOL_TIMEOUT_MS = 60_000;
/** A training run that has not come up by now is given up: the archive only saves time. */
const TRAINING_TIMEOUT_MS = 30_000;
const LOCK_POLL_MS = 200;

const run = promisify(execFile);

/** One small broker needs little heap; the serial collector and the first compiler tier start fastest. */
const JVM_OPTIONS = [
  '-Xms64m',
  '-Xmx320m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-Xlog:disable',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
];

export async function installKafka(cacheDir = path.join(os.homedir(), '.cache', 'sluice')): Promise<KafkaInstallation> {
  const dir = path.join(cacheDir, `kafka-${KAFKA_VERSION}`);
  const archive = path.join(dir, 'classes.jsa');
  if (!fs.existsSync(archive)) {
    await requireJava();
    fs.mkdirSync(cacheDir, { recursive: true });
    await withLock(`${dir}.lock`, async () => {
      if (!fs.existsSync(dir)) await build(dir);
      if (!fs.existsSync(archive)) await train(dir, archive);
    });
  }
  return installationIn(dir, [`-XX:SharedArchiveFile=${archive}`]);
}

function installationIn(dir: string, archiveOptions: readonly string[]): KafkaInstallation {
  const libs = path.join(dir, 'libs');
  // The archive holds only for the very class path it was made with, so that is spelled out in a fixed order.
  const jars = fs.readdirSync(libs).filter((name) => name.endsWith('.jar'));
  const classPath = jars.sort().map((name) => path.join(libs, name));
  return {
    java: JAVA,
    javaArguments: [...JVM_OPTIONS, ...archiveOptions, '-cp', classPath.join(path.delimiter)],
    formattedDataDir: path.join(dir, 'data'),
  };
}

/** Settings of a single-node cluster that starts, notices a killed predecessor and lets groups join quickly. */
export function serverProperties(options: {
  port: number;
  controllerPort: number;
  dataDir: string;
  config?: Readonly<Record<string, string>>;
}): string {
  const settings: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${options.controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${options.port},CONTROLLER://127.0.0.1:${options.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${options.port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': options.dataDir,
    'auto.create.topics.enable': 'false',
    // A killed broker may register again only when its old session has expired.
    'broker.session.timeout.ms': '1000',
    'broker.heartbeat.interval.ms': '250',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'log.cleaner.dedupe.buffer.size': '2097152',
    'num.io.threads': '2',
    'num.network.threads': '2',
    ...options.config,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

async function requireJava(): Promise<void> {
  try {
    const { stderr } = await run(JAVA, ['-version'], { timeout: TOOL_TIMEOUT_MS });
    const version = Number(/version "(\d+)/.exec(stderr)?.[1]);
    if (version >= MIN_JAVA_VERSION) return;
    throw new Error(`Java ${version} is too old`);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(
      `a local Kafka broker needs Java ${MIN_JAVA_VERSION} or newer on the PATH (${text}); install it, or set KAFKA_BROKERS`,
    );
  }
}

async function build(dir: string): Promise<void> {
  const fresh = fs.mkdtempSync(`${dir}.`);
  try {
    fs.writeFileSync(path.join(fresh, 'pom.xml'), pom());
    const libs = path.join(fresh, 'libs');
    const goal = [
      '-q',
      '-B',
      '-f',
      path.join(fresh, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${libs}`,
    ];
    await run(MAVEN, goal, { timeout: DOWNLOAD_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 }).catch(
      (error: Error & { stdout?: string }) => {
        const reason = (error.stdout || error.message).trim().split('\n').slice(0, 3).join(' ');
        throw new Error(
          `could not fetch Apache Kafka ${KAFKA_VERSION} with Maven (${reason}); install mvn and connect, or set KAFKA_BROKERS`,
        );
      },
    );
    const dataDir = path.join(fresh, 'data');
    const properties = path.join(fresh, 'format.properties');
    // The formatted data names no port, so any will do here.
    fs.writeFileSync(properties, serverProperties({ port: 1, controllerPort: 2, dataDir }));
    const { javaArguments } = installationIn(fresh, []);
    await run(JAVA, [...javaArguments, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties], {
      timeout: TOOL_TIMEOUT_MS,
    });
    fs.renameSync(fresh, dir);
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
}

/** Lets a broker run once, up to the point where it serves, and keeps the classes that it loaded. Without it brokers start slower, no more. */
async function train(dir: string, archive: string): Promise<void> {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-kafka-train-'));
  const made = path.join(scratch, 'classes.jsa');
  try {
    const { javaArguments, formattedDataDir } = installationIn(dir, [`-XX:ArchiveClassesAtExit=${made}`]);
    const dataDir = path.join(scratch, 'data');
    fs.cpSync(formattedDataDir, dataDir, { recursive: true });
    const properties = path.join(scratch, 'server.properties');
    // Port 0 for the broker; the controller's must be known, and is outside the range of outgoing connections.
    const controllerPort = 19_000 + (process.pid % 1_000);
    fs.writeFileSync(properties, serverProperties({ port: 0, controllerPort, dataDir }));
    const quiet = javaArguments.filter((option) => !option.startsWith('-Dorg.slf4j'));
    const child = spawn(JAVA, [...quiet, '-Dorg.slf4j.simpleLogger.defaultLogLevel=info', 'kafka.Kafka', properties], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(child, 'exit');
    const timer = setTimeout(() => child.kill('SIGKILL'), TRAINING_TIMEOUT_MS);
    const onText = (text: Buffer) => {
      if (text.includes('Kafka Server started')) child.kill('SIGTERM');
    };
    child.stdout.on('data', onText);
    child.stderr.on('data', onText);
    await exited;
    clearTimeout(timer);
    fs.copyFileSync(made, `${archive}.new`);
    fs.renameSync(`${archive}.new`, archive);
  } catch {
    // An empty file is no archive: Java goes on without one, and no one trains again.
    fs.writeFileSync(archive, '');
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

/** Runs `action` while holding the lock file; a lock whose holder is gone is taken over. */
async function withLock(file: string, action: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + DOWNLOAD_TIMEOUT_MS;
  for (;;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (Date.now() > deadline)
        throw new Error(`waited ${DOWNLOAD_TIMEOUT_MS} ms for ${file}; remove it if no process is fetching Kafka`);
      if (!holderLives(file)) fs.rmSync(file, { force: true });
      else await sleep(LOCK_POLL_MS);
    }
  }
  try {
    await action();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

function holderLives(file: string): boolean {
  try {
    const pid = Number(fs.readFileSync(file, 'utf8'));
    // Just created, its holder not written yet.
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function pom(): string {
  const dependency = (group: string, artifact: string, version: string) =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>sluice</groupId><artifactId>local-kafka</artifactId><version>1</version>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', KAFKA_VERSION)}
    ${dependency('org.slf4j', 'slf4j-simple', SLF4J_VERSION)}
  </dependencies>
</project>
`;
}
