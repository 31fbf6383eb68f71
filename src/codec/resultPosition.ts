// Where a ResultBatch stands among the lines of its sink attempt, as a header: the number of lines before it. Appends are repeated when
// their outcome is unknown, so a reader needs it to show each line once.
const FIRST_LINE_HEADER = 'sluice-first-line';

export function resultHeaders(firstLine: number): Readonly<Record<string, string>> {
  return { [FIRST_LINE_HEADER]: String(firstLine) };
}

/** Null where the writer did not say: then every line is taken. */
export function firstLineOf(headers: Readonly<Record<string, string>>): number | null {
  const text = headers[FIRST_LINE_HEADER];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
