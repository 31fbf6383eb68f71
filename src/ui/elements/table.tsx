// A table that scrolls by itself where the window is narrower than it, and begins with its first rows where there are many.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

/** Rows before one is asked for more: enough to look at, and little to draw each second. */
const ROWS = 100;

interface TableProps<Row> {
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly empty: string;
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly numeric?: boolean;
  /** Never broken into lines. */
  readonly whole?: boolean;
  /** Left out where the window is narrow. */
  readonly minor?: boolean;
  /** The column whose cells name their rows. */
  readonly heads?: boolean;
}

export function Table<Row>({ label, columns, rows, keyOf, empty }: TableProps<Row>) {
  const [shown, setShown] = useState(ROWS);
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const classOf = ({ numeric, whole, minor }: Column<Row>): string =>
    [numeric && 'numeric', whole && 'whole', minor && 'minor'].filter(Boolean).join(' ');
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
      <section class="scroll" aria-label={label} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.title} scope="col" class={classOf(column)}>
                  {column.title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row) => (
              <tr key={keyOf(row)}>
                {columns.map((column) =>
                  column.heads ? (
                    <th key={column.title} scope="row" class={classOf(column)}>
                      {column.cell(row)}
                    </th>
                  ) : (
                    <td key={column.title} class={classOf(column)}>
                      {column.cell(row)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > shown && (
        <p class="more">
          {rows.length - shown} more are not shown.{' '}
          <button type="button" onClick={() => setShown(shown + 10 * ROWS)}>
            Show more
          </button>
        </p>
      )}
    </>
  );
}
