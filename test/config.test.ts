import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { configKeys } from '../src/config/options.ts';
import { policyOf } from '../src/config/policy.ts';
import { configMarkdown, configYaml } from '../src/config/text.ts';
import { ConfigError, loadConfig, parseConfig, writeOverrides } from '../src/config.ts';
import { DEFAULT_CHECKPOINT_POLICY } from '../src/core/checkpointConfig.ts';

const root = path.dirname(import.meta.dirname);

function problemsOf(text: string, overrides: string[] = []): string[] {
  try {
    parseConfig(text, 'sluice.yaml', overrides);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('configuration', () => {
  it('has the defaults of the table where nothing is given', () => {
    const config = parseConfig('', 'sluice.yaml');
    expect(config).toMatchObject({
      'rest.port': 8081,
      'high-availability.keepalive-interval': 100,
      'high-availability.leader-timeout': 600,
      'heartbeat.timeout': 3_000,
      'taskmanager.memory.managed.size': 512 * 2 ** 20,
      'journal.type': 'embedded',
      'journal.kafka.brokers': ['localhost:9092'],
    });
  });

  it('refuses a place for checkpoints that nothing here can write to', () => {
    expect(() => parseConfig('state.checkpoints.dir: hdfs://x/y', 'sluice.yaml')).toThrow(
      /must be a folder, or a place in S3/,
    );
    expect(parseConfig('state.checkpoints.dir: /x/y', 'x')['execution.checkpointing.dir']).toBe('/x/y');
  });

  it('says how jobs are checkpointed that leave it open, with Flink’s keys and defaults', () => {
    expect(policyOf(parseConfig('', 'x')).checkpoints).toEqual(DEFAULT_CHECKPOINT_POLICY);
    const text = `execution.checkpointing:
  interval: 10 s
  min-pause: 500 ms
  timeout: 1 min
  max-concurrent-checkpoints: 2
  tolerable-failed-checkpoints: 3
  num-retained: 4
  externalized-checkpoint-retention: RETAIN_ON_CANCELLATION
  unaligned.enabled: true
  aligned-checkpoint-timeout: 1 s`;
    expect(policyOf(parseConfig(text, 'x')).checkpoints).toEqual({
      intervalMs: 10_000,
      minPauseMs: 500,
      timeoutMs: 60_000,
      maxConcurrent: 2,
      toleratedFailures: 3,
      retained: 4,
      retention: 'RETAIN_ON_CANCELLATION',
      unaligned: true,
      alignedTimeoutMs: 1_000,
    });
    expect(problemsOf('execution.checkpointing.interval: 5 ms')).toEqual([
      expect.stringMatching(/execution\.checkpointing\.interval.* must be 0 or at least 10 ms/),
    ]);
  });

  it('takes flat keys, nested keys and any mixture alike', () => {
    const flat = 'taskmanager.numberOfTaskSlots: 4\ntaskmanager.memory.managed.size: 2g\nheartbeat.interval: 1 s\n';
    const nested =
      'taskmanager:\n  numberOfTaskSlots: 4\n  memory.managed:\n    size: 2g\nheartbeat:\n  interval: 1 s\n';
    expect(parseConfig(nested, 'n')).toEqual(parseConfig(flat, 'f'));
    expect(parseConfig(flat, 'f')['taskmanager.memory.managed.size']).toBe(2 * 2 ** 30);
  });

  it.each([
    ['500 ms', 500],
    ['500ms', 500],
    ['2 s', 2_000],
    ['1 min', 60_000],
    ['1.5 h', 5_400_000],
    ['250', 250],
  ])('reads the duration %s', (written, ms) => {
    expect(
      parseConfig(`restart-strategy.fixed-delay.delay: ${written}`, 'x')['restart-strategy.fixed-delay.delay'],
    ).toBe(ms);
  });

  it('reads brokers as a text or a list', () => {
    const expected = ['a:9092', 'b:9093'];
    for (const written of ['a:9092,b:9093', 'a:9092; b:9093', '[a:9092, b:9093]', '\n  - a:9092\n  - b:9093']) {
      expect(parseConfig(`journal.kafka.brokers: ${written}`, 'x')['journal.kafka.brokers']).toEqual(expected);
    }
  });

  it('names an unknown key with its line and the key that was meant', () => {
    expect(problemsOf('rest.port: 8081\n\nheartbeat.timout: 2 s\n')).toEqual([
      'sluice.yaml:3: the key "heartbeat.timout" is not known. Did you mean "heartbeat.timeout"?',
    ]);
    expect(problemsOf('taskmanager:\n  numberOfTaskSlot: 2')[0]).toMatch(
      /^sluice.yaml:2: .*"taskmanager.numberOfTaskSlots"/,
    );
    expect(problemsOf('keepalive-interval: 1 s')[0]).toContain('Did you mean "high-availability.keepalive-interval"?');
    expect(problemsOf('something.else.entirely.unlike: 1')[0]).toContain('sluice config');
  });

  it('names a bad value with its line and what would be right, all problems at once', () => {
    const problems = problemsOf(
      'rest.port: 99999\nheartbeat.interval: soon\njournal.type: kafak\njournal.kafka.brokers: nowhere',
    );
    expect(problems).toHaveLength(4);
    expect(problems[0]).toMatch(/^sluice.yaml:1: "rest.port" is 99999 and must be a whole number from 0 to 65535/);
    expect(problems[1]).toMatch(/^sluice.yaml:2: .*must be a duration such as "500 ms"/);
    expect(problems[2]).toMatch(/^sluice.yaml:3: .*must be one of embedded, kafka/);
    expect(problems[3]).toMatch(/^sluice.yaml:4: .*must be host:port/);
    expect(problemsOf('rest.port: true')[0]).toContain('"rest.port" is true and must be a port');
  });

  it('refuses a key that is given twice in two spellings, and time-outs that one late message would trip', () => {
    expect(problemsOf('rest.bind-address: a\njobmanager:\n  rest:\n    bind-address: b')[0]).toMatch(
      /given already at sluice.yaml:1/,
    );
    expect(problemsOf('high-availability.leader-timeout: 150 ms')[0]).toMatch(/must be at least twice/);
  });

  it('says where a text is not YAML', () => {
    expect(problemsOf('rest.port: [8081\nx: 1')[0]).toMatch(/^sluice.yaml:\d: this is not YAML/);
    expect(problemsOf('just words')[0]).toMatch(/must hold lines such as/);
    expect(() => loadConfig('/nowhere/sluice.yaml')).toThrow(/there is no such file/);
  });

  it('lets overrides win, and writes them into a file without losing its comments', () => {
    expect(parseConfig('rest.port: 1', 'x', ['rest.port=0', 'rest.port=2'])['rest.port']).toBe(2);
    expect(problemsOf('', ['rest.prt=1'])[0]).toMatch(/^-D rest.prt=1: .*"rest.port"/);
    expect(problemsOf('', ['nonsense'])[0]).toMatch(/must be written key=value/);
    const text = writeOverrides('# mine\nheartbeat:\n  interval: 1 s # slow\n  timeout: 9 s\nrest.port: 1\n', [
      'heartbeat.interval=200 ms',
      'rest.port=7',
    ]);
    expect(text).toContain('# mine');
    expect(parseConfig(text, 'x')).toMatchObject({
      'heartbeat.interval': 200,
      'heartbeat.timeout': 9_000,
      'rest.port': 7,
    });
  });

  it('is documented: docs/configuration.md and deploy/sluice.yaml are what the table says', () => {
    const hint = 'run: sluice config --markdown > docs/configuration.md; sluice config --yaml > deploy/sluice.yaml';
    expect(fs.readFileSync(path.join(root, 'docs/configuration.md'), 'utf8'), hint).toBe(configMarkdown());
    expect(fs.readFileSync(path.join(root, 'deploy/sluice.yaml'), 'utf8'), hint).toBe(configYaml());
  });

  it('offers every key in the default file such that taking the # away is valid', () => {
    const uncommented = configYaml()
      .replace(/^# ([a-zA-Z0-9.-]+: .*)$/gm, '$1')
      .replace(/^Generated.*$/m, '');
    expect(parseConfig(uncommented, 'x')).toEqual(parseConfig('', 'x'));
    expect(configKeys.every((key) => uncommented.includes(`\n${key}: `))).toBe(true);
  });
});
