// The text that the demo counts: Markdown and licence files of the installed packages, so text that nobody wrote for it. And its
// word count by a plain loop over one Map, which the stream's must equal.
import fs from 'node:fs';
import path from 'node:path';

export interface Corpus {
  readonly folder: string;
  readonly files: number;
  readonly lines: number;
  /** How often each word occurs. */
  readonly counts: ReadonlyMap<string, number>;
  readonly words: number;
}

const TEXT_FILE = /(\.md|\.markdown|^licen[cs]e[^.]*(\.txt)?)$/i;
/** Longer files would leave one source subtask working alone at the end. */
const MAX_FILE_LINES = 300;

/** Copies files of `source` into `folder` until they hold `wantedLines` lines. */
export function collectCorpus(source: string, folder: string, wantedLines: number): Corpus {
  fs.mkdirSync(folder, { recursive: true });
  const counts = new Map<string, number>();
  let files = 0;
  let lines = 0;
  for (const name of textFiles(source)) {
    const text = fs.readFileSync(path.join(source, name), 'utf8');
    const textLines = text.split('\n').length;
    if (textLines > MAX_FILE_LINES) continue;
    fs.writeFileSync(path.join(folder, `${String(files).padStart(4, '0')}-${name.replaceAll(path.sep, '-')}`), text);
    countWords(text, counts);
    files++;
    lines += textLines;
    if (lines >= wantedLines) break;
  }
  if (lines < wantedLines / 2)
    throw new Error(`${source} holds only ${lines} lines of text; is it an installed node_modules?`);
  return { folder, files, lines, counts, words: [...counts.values()].reduce((sum, count) => sum + count, 0) };
}

function textFiles(source: string): string[] {
  return fs
    .readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => TEXT_FILE.test(path.basename(name)) && fs.statSync(path.join(source, name)).isFile())
    .sort();
}

/** A word is what examples/wordcount.ts takes for one. */
function countWords(text: string, counts: Map<string, number>): void {
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}']+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
}

export interface CountedOutput {
  readonly lines: number;
  /** Words whose counts are not 1, 2, 3 … up to the expected one: lost, repeated or invented. */
  readonly wrong: readonly string[];
}

/** Reads what the job wrote, `(word,count)` for every occurrence, and compares each word's counts with the plain ones. */
export function checkOutput(files: readonly string[], expected: ReadonlyMap<string, number>): CountedOutput {
  const seen = new Map<string, number>();
  const wrong = new Set<string>();
  let lines = 0;
  for (const file of files) {
    for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
      if (line === '') continue;
      lines++;
      const { word, count } = parseLine(line);
      // Every count must follow the one before: no update lost, none twice, and no word in two places.
      if (count !== (seen.get(word) ?? 0) + 1) wrong.add(word);
      seen.set(word, count);
    }
  }
  for (const [word, count] of expected) if (seen.get(word) !== count) wrong.add(word);
  for (const word of seen.keys()) if (!expected.has(word)) wrong.add(word);
  return { lines, wrong: [...wrong] };
}

function parseLine(line: string): { readonly word: string; readonly count: number } {
  const match = /^[([]?"?([\p{L}\p{N}']+)"?,\s*(\d+)[)\]]?$/u.exec(line);
  if (match === null) throw new Error(`The job wrote a line that is no (word,count): ${line}`);
  return { word: match[1]!, count: Number(match[2]) };
}
