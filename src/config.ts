// Reads sluice.yaml: flat dotted keys as Flink writes them, or the same nested. Every value is checked against the table of options; a
// problem names its place, what is wrong and what would be right, and all problems of a file are told at once.
import fs from 'node:fs';
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { type Config, type ConfigKey, canonicalKey, configKeys, optionOf } from './config/options.ts';

export type { Config } from './config/options.ts';

export type ConfigErrorCode = 'CONFIG_UNREADABLE' | 'CONFIG_NOT_YAML' | 'CONFIG_INVALID';

/** `message` has one line a problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: ConfigErrorCode;
  constructor(code: ConfigErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A value as it was given, with where. */
interface Given {
  readonly value: unknown;
  readonly place: string;
}

/** A file of more characters is not read. */
const MAX_CONFIG_CHARS = 250_000;
/** Problems told at once. */
const MAX_PROBLEMS = 20;
/** Characters of what was written that a problem repeats; a longer key has none near it. */
const MAX_QUOTED_CHARS = 100;
/** More differences than this, and a key is not offered as the one that was meant. */
const MAX_TYPO_DISTANCE = 6;

/** The configuration of a file (null: none) with `key=value` overrides on top. Throws ConfigError. */
export function loadConfig(file: string | null, overrides: readonly string[] = []): Config {
  return parseConfig(file === null ? '' : readConfigFile(file), file ?? 'sluice.yaml', overrides);
}

export function readConfigFile(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new ConfigError('CONFIG_UNREADABLE', `${file}: cannot be read as configuration: ${reason}.`, {
      cause: error,
    });
  }
}

/** `name` is what errors call the text. Throws ConfigError. */
export function parseConfig(text: string, name: string, overrides: readonly string[] = []): Config {
  const problems: string[] = [];
  const given = new Map<ConfigKey, Given>();
  readYaml(text, name, given, problems);
  readOverrides(overrides, given, problems);
  const config = Object.fromEntries(
    configKeys.map((key) => [key, checkedValue(key, given.get(key), problems)]),
  ) as unknown as Config;
  if (problems.length === 0) checkTogether(config, given, problems);
  if (problems.length > MAX_PROBLEMS)
    problems.splice(MAX_PROBLEMS, problems.length, `and ${problems.length - MAX_PROBLEMS} more problems`);
  if (problems.length > 0) throw new ConfigError('CONFIG_INVALID', problems.join('\n'));
  return config;
}

/** The text with `overrides` written into it; comments stay. */
export function writeOverrides(text: string, overrides: readonly string[]): string {
  if (overrides.length === 0) return text;
  const document = parseDocument(text);
  const values = new Map<ConfigKey, Given>();
  readOverrides(overrides, values, []);
  if (!isMap(document.contents)) document.contents = document.createNode({}) as unknown as typeof document.contents;
  for (const [key, { value }] of values) {
    removeKey(document.contents as YAMLMap, '', key);
    document.set(key, /^\d+$/.test(String(value)) ? Number(value) : value);
  }
  const written = document.toString();
  return written.endsWith('\n') ? written : `${written}\n`;
}

/** Takes the key out in whatever mixture of dots and nesting it is written. */
function removeKey(map: YAMLMap, prefix: string, key: ConfigKey): void {
  map.items = map.items.filter(({ key: node, value }) => {
    const spelling = prefix + (isScalar(node) ? String(node.value) : String(node));
    if (!isMap(value)) return canonicalKey(spelling) !== key;
    removeKey(value, `${spelling}.`, key);
    return value.items.length > 0;
  });
}

function readYaml(text: string, name: string, given: Map<ConfigKey, Given>, problems: string[]): void {
  const lines = new LineCounter();
  if (text.length > MAX_CONFIG_CHARS)
    throw new ConfigError(
      'CONFIG_NOT_YAML',
      `${name}: has ${text.length} characters; ${MAX_CONFIG_CHARS} are possible.`,
    );
  const document = parsed(text, name, lines);
  const placeOf = (offset: number | undefined) =>
    offset === undefined ? name : `${name}:${lines.linePos(offset).line}`;
  const broken = document.errors[0];
  if (broken) {
    throw new ConfigError(
      'CONFIG_NOT_YAML',
      `${placeOf(broken.pos[0])}: this is not YAML: ${broken.message.split('\n')[0]}`,
    );
  }
  const root = document.contents;
  if (root === null) return;
  if (!isMap(root)) throw new ConfigError('CONFIG_NOT_YAML', `${name}:1: must hold lines such as "rest.port: 8081".`);

  const walk = (pairs: readonly Pair[], prefix: string): void => {
    for (const { key: keyNode, value } of pairs) {
      const spelling = prefix + (isScalar(keyNode) ? String(keyNode.value) : String(keyNode));
      const place = placeOf((keyNode as Node).range?.[0]);
      if (isMap(value)) walk(value.items, `${spelling}.`);
      // `key:` with nothing behind it is the default, as in Flink.
      else if (isAlias(value) || (isSeq(value) && !value.items.every(isScalar)))
        problems.push(
          `${place}: "${clipped(spelling)}" must be a plain value; YAML's aliases and nested lists are not taken.`,
        );
      else if (isScalar(value) ? value.value !== null : isSeq(value)) {
        // The source text of a number keeps what 1_000 or 0x10 would lose.
        const plain = isSeq(value) ? value.toJSON() : (value as { value: unknown }).value;
        take(spelling, { value: plain, place }, given, problems);
      }
    }
  };
  walk(root.items as Pair[], '');
}

/** With what the parser itself gives up on, such as brackets without end, told as any other error. */
function parsed(text: string, name: string, lines: LineCounter): ReturnType<typeof parseDocument> {
  try {
    // Keys that are given twice are found by their meaning; the parser would compare each with each.
    return parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  } catch (error) {
    throw new ConfigError('CONFIG_NOT_YAML', `${name}: this is not YAML: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function clipped(text: string): string {
  return text.length <= MAX_QUOTED_CHARS ? text : `${text.slice(0, MAX_QUOTED_CHARS)}…`;
}

function readOverrides(overrides: readonly string[], given: Map<ConfigKey, Given>, problems: string[]): void {
  const seen = new Map<ConfigKey, Given>();
  for (const override of overrides) {
    const place = `-D ${clipped(override)}`;
    const equals = override.indexOf('=');
    if (equals < 1) problems.push(`${place}: must be written key=value.`);
    else
      take(
        override.slice(0, equals).trim(),
        { value: override.slice(equals + 1).trim(), place },
        seen,
        problems,
        false,
      );
  }
  for (const [key, value] of seen) given.set(key, value);
}

function take(spelling: string, value: Given, given: Map<ConfigKey, Given>, problems: string[], once = true): void {
  const key = canonicalKey(spelling);
  if (key === null) {
    const nearest = problems.length < MAX_PROBLEMS && spelling.length <= MAX_QUOTED_CHARS ? nearestKey(spelling) : null;
    const hint = nearest === null ? 'All keys are listed by: sluice config' : `Did you mean "${nearest}"?`;
    problems.push(`${value.place}: the key "${clipped(spelling)}" is not known. ${hint}`);
    return;
  }
  const before = given.get(key);
  if (once && before) problems.push(`${value.place}: "${key}" is given already at ${before.place}; keep one of them.`);
  else given.set(key, value);
}

function checkedValue(key: ConfigKey, given: Given | undefined, problems: string[]): unknown {
  const { schema, fallback } = optionOf(key);
  if (given === undefined) return schema.parse(fallback);
  const result = schema.safeParse(given.value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  // Only the checks of values.ts speak in sentences; a YAML scalar of another type never gets to them.
  const wanted = issue.message.startsWith('must be') ? issue.message : `must be a ${optionOf(key).kind}`;
  problems.push(
    `${given.place}: "${key}" is ${clipped(JSON.stringify(given.value))} and ${wanted} (default: ${fallback}).`,
  );
  return undefined;
}

/** Values that are fine alone and wrong beside each other. */
function checkTogether(config: Config, given: ReadonlyMap<ConfigKey, Given>, problems: string[]): void {
  const atLeastTwice = (longer: ConfigKey, shorter: ConfigKey): void => {
    const [longerMs, shorterMs] = [config[longer] as number, config[shorter] as number];
    if (longerMs >= 2 * shorterMs) return;
    const place = (given.get(longer) ?? given.get(shorter))!.place;
    problems.push(
      `${place}: "${longer}" (${longerMs} ms) must be at least twice "${shorter}" (${shorterMs} ms), or one late message is taken for a death.`,
    );
  };
  atLeastTwice('high-availability.leader-timeout', 'high-availability.keepalive-interval');
  atLeastTwice('heartbeat.timeout', 'heartbeat.interval');
}

/** The known key with the fewest changes of a letter, or null where none is near. */
function nearestKey(spelling: string): ConfigKey | null {
  let best: ConfigKey | null = null;
  let bestDistance = Math.min(MAX_TYPO_DISTANCE, Math.ceil(spelling.length / 2)) + 1;
  for (const key of configKeys) {
    const distance = editDistance(spelling.toLowerCase(), key.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [key, distance];
  }
  if (best !== null) return best;
  // `keepalive-interval` for `high-availability.keepalive-interval`.
  const ends = configKeys.filter((key) => key.toLowerCase().endsWith(`.${spelling.toLowerCase()}`));
  return ends.length === 1 ? ends[0]! : null;
}

/** Levenshtein's. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const substituted = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}
