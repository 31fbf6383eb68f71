// Turns a schema that names others into one that holds them, each defined where it is first used, as Avro wants a schema that stands
// alone: for parsing, for fingerprints, and for what is kept of released schemas.

const PRIMITIVES = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']);

/** The schema called `name` with all its dependencies from `schemas` (by bare name; all share one namespace). */
export function selfContained(name: string, schemas: Readonly<Record<string, unknown>>): unknown {
  const defined = new Set<string>();
  const expand = (node: unknown): unknown => {
    if (typeof node === 'string') {
      if (PRIMITIVES.has(node) || defined.has(node)) return node;
      const schema = schemas[node];
      if (schema === undefined) throw new Error(`Schema ${name} names ${node}, which no file in schemas/ defines.`);
      defined.add(node);
      return expand(schema);
    }
    if (Array.isArray(node)) return node.map(expand);
    const copy: Record<string, unknown> = { ...(node as Record<string, unknown>) };
    if (Array.isArray(copy.fields)) {
      copy.fields = copy.fields.map((field: Record<string, unknown>) => ({ ...field, type: expand(field.type) }));
    }
    for (const key of ['items', 'values']) if (copy[key] !== undefined) copy[key] = expand(copy[key]);
    return copy;
  };
  return expand(name);
}
