// Going through the rows of one state in LMDB, which lie apart, key group by key group.
import type { Namespace } from './keyedStateBackend.ts';
import type { View } from './lmdbEnvironment.ts';
import { behind, bytesOf, keyGroupOfRow, partsBytes, partsOf, type RowParts } from './lmdbKeys.ts';
import { splitRow } from './lmdbRow.ts';
import type { LmdbTable } from './lmdbTable.ts';

/** Rows of a state by their keys, key group by key group; groups without any cost nothing. */
export function* rowsOf(view: View, table: LmdbTable, namespace?: Namespace): Generator<Buffer, void> {
  const operator = table.operatorPrefix;
  for (let keyGroup = 0; keyGroup < table.maxParallelism; keyGroup++) {
    const prefix = namespace === undefined ? table.prefix(keyGroup) : table.prefix(keyGroup, namespace);
    const [next] = view.keys(operator, bytesOf(prefix));
    if (next === undefined) return;
    if (next.compare(behind(prefix)) < 0) yield* view.keys(prefix);
    else keyGroup = Math.max(keyGroup, keyGroupOfRow(next) - 1);
  }
}

export function partsIn(view: View, row: Buffer): RowParts {
  return partsOf(partsBytes(row), false) ?? partsOf(splitRow(view.get(row)!).full!, false)!;
}
