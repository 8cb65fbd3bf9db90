import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OWNER_ONLY = { mode: 0o600 };

/** Where a running `npm start` tells the administration commands its addresses, in the form of an `.env` file. */
export const serviceFile = (dataDir: string): string => join(dataDir, 'service.env');

export const writeServiceFile = (dataDir: string, variables: Readonly<Record<string, string>>): void =>
  writeFileSync(
    serviceFile(dataDir),
    Object.entries(variables)
      .map(([name, value]) => `${name}="${value}"\n`)
      .join(''),
    OWNER_ONLY,
  );

export const removeServiceFile = (dataDir: string): void => rmSync(serviceFile(dataDir), { force: true });

/** A text of the data folder that outlives restarts, made by `make` the first time. */
export const keep = async (dataDir: string, name: string, make: () => string | Promise<string>): Promise<string> => {
  const file = join(dataDir, name);
  if (existsSync(file)) return readFileSync(file, 'utf8');
  return keepAnew(dataDir, name, await make());
};

/** Puts another text in its place. */
export const keepAnew = (dataDir: string, name: string, text: string): string => {
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, name), text, OWNER_ONLY);
  return text;
};

export const newPepper = (): string => randomBytes(32).toString('hex');
