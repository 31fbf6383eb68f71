// Tells the lines of a recorded failure apart, so that the place in the user's own file is seen at once among those of the runtime. Nothing
// is left out: a line that is not understood counts as part of the message.

export type LineKind =
  | 'message'
  /** A frame in the user's files. */
  | 'user'
  /** A frame of Sluice, of Node or of a package. */
  | 'runtime';

export interface StackLine {
  readonly kind: LineKind;
  readonly text: string;
}

/** `at name (file:1:2)` or `at file:1:2`. */
const FRAME = /^\s+at (?:.*\((?<inside>.*)\)|(?:async )?(?<bare>.*))$/;
/** Frames that every task has below it: what stands before `src/runtime` is where Sluice lies. */
const OF_SLUICE = /^(?<root>.*)\/src\/runtime\/(?:task|runQueue)\.ts:\d+:\d+$/;

export function stackLines(text: string): StackLine[] {
  const lines = text.split('\n');
  const roots = new Set(lines.flatMap((line) => OF_SLUICE.exec(placeOf(line) ?? '')?.groups?.root ?? []));
  return lines.map((line) => {
    const place = placeOf(line);
    return { kind: place === null ? 'message' : isForeign(place, roots) ? 'runtime' : 'user', text: line };
  });
}

/** What failed, in the first line. */
export function headline(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

function placeOf(line: string): string | null {
  const groups = FRAME.exec(line)?.groups;
  return groups?.inside ?? groups?.bare ?? null;
}

function isForeign(place: string, roots: ReadonlySet<string>): boolean {
  if (!/:\d+:\d+$/.test(place) || place.startsWith('node:') || place.includes('/node_modules/')) return true;
  return [...roots].some((root) => place.startsWith(`${root}/src/`) || place.startsWith(`${root}/dist/`));
}
