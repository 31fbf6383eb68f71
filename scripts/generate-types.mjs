// Generates from schemas/*.avsc: src/core/schema.gen.ts (TypeScript types), src/codec/schemas.gen.ts (the schemas as data),
// schemas/released/<Name>.<fingerprint>.avsc (each message's schema as it stands alone, without docs) and src/codec/released.gen.ts (that
// folder as data). `--check` exits 1 where anything on disk differs, so that CI notices a forgotten run.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import avro from 'avsc';
import { tsImport } from 'tsx/esm/api';

const { canonicalForm, crc64Avro } = await tsImport('../src/codec/fingerprint.ts', import.meta.url);
const { selfContained } = await tsImport('../src/codec/selfContained.ts', import.meta.url);

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const PRIMITIVES = {
  string: 'string',
  int: 'number',
  long: 'number',
  double: 'number',
  boolean: 'boolean',
  bytes: 'Uint8Array',
  null: 'null',
};

const schemas = fs
  .readdirSync(path.join(root, 'schemas'))
  .filter((file) => file.endsWith('.avsc'))
  .sort()
  .map((file) => JSON.parse(fs.readFileSync(path.join(root, 'schemas', file), 'utf8')));
const byName = new Map(schemas.map((schema) => [schema.name, schema]));
// Types that stand in a top-level position or in a union of records carry `type`, so that a switch can tell them apart.
const commit = byName.get('Commit');
const eventNames = commit.fields.find((field) => field.name === 'events').type.items;
const nested = new Set();
const visit = (type) => {
  if (typeof type === 'string') {
    if (byName.get(type)?.type === 'record') nested.add(type);
  } else if (Array.isArray(type)) type.forEach(visit);
  else if (type.items) visit(type.items);
  else if (type.values) visit(type.values);
};
for (const schema of schemas) {
  for (const field of schema.fields ?? []) if (schema !== commit || field.name !== 'events') visit(field.type);
}

const typeOf = (type) => {
  if (typeof type === 'string') return PRIMITIVES[type] ?? type;
  if (Array.isArray(type)) return type.map(typeOf).reverse().join(' | ');
  if (type.type === 'map') return `Readonly<Record<string, ${typeOf(type.values)}>>`;
  if (type.type === 'array') {
    if (type.items === eventNames) return 'readonly ClusterEvent[]';
    const item = typeOf(type.items);
    return item.includes('|') ? `readonly (${item})[]` : `readonly ${item}[]`;
  }
  throw new Error(`no TypeScript type for ${JSON.stringify(type)}`);
};

const out = [
  '// Generated from schemas/*.avsc by scripts/generate-types.mjs: edit those, then `npm run generate`.',
  '',
];
for (const schema of schemas) {
  out.push(`/** ${schema.doc} */`);
  if (schema.type === 'enum') {
    out.push(`export type ${schema.name} = ${schema.symbols.map((symbol) => `'${symbol}'`).join(' | ')};`, '');
    continue;
  }
  out.push(`export interface ${schema.name} {`);
  if (!nested.has(schema.name)) out.push(`  readonly type: '${schema.name}';`);
  for (const field of schema.fields)
    out.push(`  /** ${field.doc} */`, `  readonly ${field.name}: ${typeOf(field.type)};`);
  out.push('}', '');
}
out.push(
  '/** Every event that a Commit may hold. */',
  'export type ClusterEvent =',
  `${eventNames.map((name) => `  | ${name}`).join('\n')};`,
  '',
);

// Messages are the records that stand alone: in no field, and no event.
const messages = schemas.filter(
  (schema) => schema.type === 'record' && !nested.has(schema.name) && !eventNames.includes(schema.name),
);
const released = new Map();
const releasedFolder = 'schemas/released';
// Nothing has been released before 1.0, so a changed schema takes the place of the one before it. From 1.0 on this folder only grows: a
// ledger may hold messages of every schema that ever shipped. Then `keepOlder` becomes true, for good.
const keepOlder = false;
if (keepOlder && fs.existsSync(path.join(root, releasedFolder))) {
  for (const file of fs.readdirSync(path.join(root, releasedFolder))) {
    const schema = JSON.parse(fs.readFileSync(path.join(root, releasedFolder, file), 'utf8'));
    released.set(file, { fingerprint: file.split('.')[1], schema });
  }
}
const fingerprints = {};
for (const { name } of messages) {
  const canonical = canonicalForm(avro.Type.forSchema(selfContained(name, Object.fromEntries(byName))));
  fingerprints[name] = crc64Avro(canonical);
  released.set(`${name}.${fingerprints[name]}.avsc`, {
    fingerprint: fingerprints[name],
    schema: JSON.parse(canonical),
  });
}

const banner = '// Generated from schemas/*.avsc by scripts/generate-types.mjs: edit those, then `npm run generate`.';
const data = [
  banner,
  '',
  '/** Every Avro schema by its name, dependencies by reference. */',
  `export const SCHEMAS: Readonly<Record<string, unknown>> = ${JSON.stringify(Object.fromEntries(byName), null, 2)};`,
  '',
  '/** CRC-64-AVRO fingerprint of each message schema, by name. */',
  `export const FINGERPRINTS: Readonly<Record<string, string>> = ${JSON.stringify(fingerprints, null, 2)};`,
  '',
];
const releasedFiles = [...released.keys()].sort();
const releasedData = [
  banner,
  '',
  '/** Every message schema that shipped, self-contained, by CRC-64-AVRO fingerprint. */',
  'export const RELEASED: Readonly<Record<string, unknown>> = {',
  ...releasedFiles.map(
    (file) => `  '${released.get(file).fingerprint}': ${JSON.stringify(released.get(file).schema)},`,
  ),
  '};',
  '',
];

const targets = {
  'src/core/schema.gen.ts': out.join('\n'),
  'src/codec/schemas.gen.ts': data.join('\n'),
  'src/codec/released.gen.ts': releasedData.join('\n'),
};
for (const file of releasedFiles)
  targets[`${releasedFolder}/${file}`] = `${JSON.stringify(released.get(file).schema, null, 2)}\n`;

const checking = process.argv.includes('--check');
let stale = false;
const complain = (file, what) => {
  console.error(`${file} ${what}: run \`npm run generate\` and commit the result`);
  stale = true;
};
for (const [file, text] of Object.entries(targets)) {
  const target = path.join(root, file);
  if (!checking) {
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, text);
  } else if (!fs.existsSync(target) || fs.readFileSync(target, 'utf8') !== text)
    complain(file, 'is not what schemas/ says');
}
for (const file of fs.existsSync(path.join(root, releasedFolder))
  ? fs.readdirSync(path.join(root, releasedFolder))
  : []) {
  if (released.has(file)) continue;
  if (checking) complain(`${releasedFolder}/${file}`, 'belongs to no current schema');
  else fs.rmSync(path.join(root, releasedFolder, file));
}
process.exit(stale ? 1 : 0);
