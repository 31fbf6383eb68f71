// Generates src/core/schema.gen.ts (TypeScript types) and src/codec/schemas.gen.ts (the schemas as data) from
// schemas/*.avsc. `--check` exits 1 where the files on disk differ, so that CI notices a forgotten run.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const PRIMITIVES = { string: 'string', int: 'number', long: 'number', double: 'number', boolean: 'boolean', bytes: 'Uint8Array', null: 'null' };

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

const out = ['// Generated from schemas/*.avsc by scripts/generate-types.mjs: edit those, then `npm run generate`.', ''];
for (const schema of schemas) {
  out.push(`/** ${schema.doc} */`);
  if (schema.type === 'enum') {
    out.push(`export type ${schema.name} = ${schema.symbols.map((symbol) => `'${symbol}'`).join(' | ')};`, '');
    continue;
  }
  out.push(`export interface ${schema.name} {`);
  if (!nested.has(schema.name)) out.push(`  readonly type: '${schema.name}';`);
  for (const field of schema.fields) out.push(`  /** ${field.doc} */`, `  readonly ${field.name}: ${typeOf(field.type)};`);
  out.push('}', '');
}
out.push('/** Every event that a Commit may hold. */', 'export type ClusterEvent =', `${eventNames.map((name) => `  | ${name}`).join('\n')};`, '');

const data = [
  '// Generated from schemas/*.avsc by scripts/generate-types.mjs: edit those, then `npm run generate`.',
  '',
  '/** Every Avro schema by its name, dependencies by reference. */',
  `export const SCHEMAS: Readonly<Record<string, unknown>> = ${JSON.stringify(Object.fromEntries(byName), null, 2)};`,
  '',
];

const targets = { 'src/core/schema.gen.ts': out, 'src/codec/schemas.gen.ts': data };
let stale = false;
for (const [file, lines] of Object.entries(targets)) {
  const text = lines.join('\n');
  const target = path.join(root, file);
  if (process.argv.includes('--check')) {
    if (!fs.existsSync(target) || fs.readFileSync(target, 'utf8') !== text) {
      console.error(`${file} is not what schemas/ says: run \`npm run generate\` and commit the result`);
      stale = true;
    }
  } else fs.writeFileSync(target, text);
}
process.exit(stale ? 1 : 0);
