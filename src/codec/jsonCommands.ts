// Commands as JSON, so that a shell one-liner or a service in another language can submit a job. What is accepted follows from the same
// Avro schemas as the binary form: every field by its name, fields with a default may be left out, unknown ones are refused by name.
import { createHash } from 'node:crypto';
import type avro from 'avsc';
import { z } from 'zod';
import { CodecError } from './codecError.ts';

/** Objects, arrays, texts and numbers in one command; what has more is refused before it is looked at one by one. */
const MAX_JSON_VALUES = 250_000;
/** How deep they may lie in each other; the deepest command of all has 6. */
const MAX_JSON_DEPTH = 16;
/** Problems that are told of one command. */
const MAX_TOLD_PROBLEMS = 10;
/** Characters of one problem, which may quote what was sent. */
const MAX_PROBLEM_CHARS = 500;

const SHA256 = /^[0-9a-f]{64}$/;
const JOB_ID_CHARS = 32;
/** Of a submission in JSON that gives none: `parallelism.default` is what `sluice run` goes by. */
const DEFAULT_PARALLELISM = 1;

/** True where a record says, or looks like, that it is JSON. An Avro message never begins with a brace. */
export function isJson(value: Uint8Array, headers: Readonly<Record<string, string>> | undefined): boolean {
  return value[0] === 0x7b || headers?.['content-type']?.startsWith('application/json') === true;
}

/** Reads a command whose `type` is a key of `schemas`. */
export function readJsonCommand(value: Uint8Array, schemas: ReadonlyMap<string, z.ZodType>): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8'));
  } catch (error) {
    throw new CodecError('UNDECODABLE', `it is not JSON: ${(error as Error).message}`, { cause: error });
  }
  assertSize(parsed);
  const type = typeof parsed === 'object' && parsed !== null && 'type' in parsed ? parsed.type : undefined;
  const schema = typeof type === 'string' ? schemas.get(type) : undefined;
  if (schema === undefined)
    throw new CodecError('UNDECODABLE', `its "type" must be one of ${[...schemas.keys()].join(', ')}`);
  const result = schema.safeParse(
    type === 'SubmitJob' ? completed(parsed as Readonly<Record<string, unknown>>) : parsed,
  );
  if (!result.success) {
    const { issues } = result.error;
    const told = issues
      .slice(0, MAX_TOLD_PROBLEMS)
      .map((issue) => `${[type, ...issue.path].join('.')}: ${issue.message}`.slice(0, MAX_PROBLEM_CHARS));
    if (issues.length > told.length) told.push(`and ${issues.length - told.length} more`);
    throw new CodecError('UNDECODABLE', told.join('; '));
  }
  return result.data;
}

/** Without recursion, which what is too deep would end. */
function assertSize(parsed: unknown): void {
  let level: unknown[] = [parsed];
  let values = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH)
      throw new CodecError('UNDECODABLE', `its values lie more than ${MAX_JSON_DEPTH} deep in each other`);
    values += level.length;
    if (values > MAX_JSON_VALUES) throw new CodecError('UNDECODABLE', `it holds more than ${MAX_JSON_VALUES} values`);
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
}

/**
 * What a person leaves out of a submission. The job's id follows from the command's, so that a command that is sent twice, without an id
 * each time, is one job; an artifact may be given by its name or its hash alone.
 */
function completed(command: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { commandId, artifact } = command;
  const name = typeof artifact === 'string' ? artifact : undefined;
  return {
    ...(typeof commandId === 'string' ? { jobId: jobIdOf(commandId) } : {}),
    ...(name === undefined ? {} : { name }),
    args: [],
    parallelism: DEFAULT_PARALLELISM,
    ...command,
    ...(name === undefined ? {} : { artifact: SHA256.test(name) ? { sha256: name, name } : { sha256: '', name } }),
  };
}

/** JobID of a submission in JSON that names none. */
export function jobIdOf(commandId: string): string {
  return createHash('sha256').update(`sluice.SubmitJob:${commandId}`).digest('hex').slice(0, JOB_ID_CHARS);
}

/** The zod schema of an Avro record with its `type`. */
export function zodMessage(type: avro.Type, name: string): z.ZodType {
  return (zodOf(type) as z.ZodObject).extend({ type: z.literal(name) });
}

function zodOf(type: avro.Type): z.ZodType {
  switch (type.typeName) {
    case 'null':
      return z.null();
    case 'boolean':
      return z.boolean();
    case 'int':
      return z.int32();
    case 'long':
      return z.int();
    case 'double':
      return z.number();
    case 'string':
      return z.string();
    case 'enum':
      return z.enum((type as avro.types.EnumType).symbols as [string, ...string[]]);
    case 'array':
      return z.array(zodOf((type as avro.types.ArrayType).itemsType));
    case 'union:unwrapped':
    case 'union:wrapped': {
      const branches = (type as avro.types.WrappedUnionType).types;
      const [only, ...others] = branches.filter((branch) => branch.typeName !== 'null');
      // Where it can be said as such: a zod union tells no more than that none of its branches fits.
      if (only !== undefined && others.length === 0) return zodOf(only).nullable();
      return z.union(branches.map(zodOf));
    }
    case 'record': {
      const fields = (type as avro.types.RecordType).fields.map((field) => {
        const value: unknown = field.defaultValue();
        // A plain copy: avsc's is of a class of its own, and one for all.
        return [
          field.name,
          value === undefined ? zodOf(field.type) : zodOf(field.type).default(() => structuredClone(value) as never),
        ] as const;
      });
      return z.strictObject(Object.fromEntries(fields));
    }
    default:
      throw new CodecError(
        'UNSUPPORTED_SCHEMA',
        `A command cannot hold Avro's ${type.typeName} in JSON: leave it out or make it a string.`,
      );
  }
}
