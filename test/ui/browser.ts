// A real browser for test files: Chromium of this machine, without a window, with a profile of its own that is gone at the end. Where there is none
// the tests are skipped, and say so; with SLUICE_REQUIRE_CHROMIUM=1 they fail instead.
import fs from 'node:fs';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where Chromium is: CHROMIUM_PATH, else on the PATH; undefined where there is none: `describe.skipIf(!chromiumPath)`. */
export function chromiumForTests(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const found = named || folders.flatMap((dir) => NAMES.map((name) => path.join(dir, name))).find(isExecutable);
  if (found !== undefined) return found;
  const reason = `none of ${NAMES.join(', ')} is on the PATH, and CHROMIUM_PATH names none`;
  if (process.env.SLUICE_REQUIRE_CHROMIUM === '1')
    throw new Error(`SLUICE_REQUIRE_CHROMIUM=1, and there is no Chromium: ${reason}`);
  console.warn(`TESTS OF THE WEB UI ARE SKIPPED: ${reason}`);
  return undefined;
}

export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS });
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
