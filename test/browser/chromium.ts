import { chromium, type BrowserContext } from 'playwright-core';
import { accessSync, constants, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const findChromium = (): string => {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
  if (found) return found;
  throw new Error(
    `The browser tests need Chromium, and there is no ${NAMES.join(', ')} on the PATH. Debian has it: apt-get install chromium`,
  );
};

/** Starts Debian's Chromium with a profile of its own. Nothing of it leaves the machine. */
export const startChromium = (): Promise<BrowserContext> =>
  chromium.launchPersistentContext(mkdtempSync(join(process.env.TEST_FOLDER ?? tmpdir(), 'chromium-')), {
    executablePath: findChromium(),
    headless: true,
    viewport: { width: 1_280, height: 1_000 },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
