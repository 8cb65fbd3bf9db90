import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * The rooms of src/, what each is for, and which others it may import. The linter refuses any other import, the unit
 * tests any other arrow, and any that nobody needs. `npm run rooms` prints the tables.
 */

/** @type {Readonly<Record<string, { readonly holds: string; readonly imports: readonly string[] }>>} */
export const ROOMS = {
  api: {
    holds: 'HTTP: one folder for the machinery, one for each resource',
    imports: ['access', 'batch-jobs', 'calling', 'operations', 'scheduling', 'shared'],
  },
  operations: {
    holds: 'what people ask of a batch',
    imports: ['batch-jobs', 'calling', 'queue', 'scheduling', 'shared'],
  },
  calling: { holds: 'how a call is made', imports: ['batch-jobs', 'queue', 'shared'] },
  scheduling: { holds: 'when: what a start time means', imports: ['batch-jobs', 'queue', 'shared'] },
  queue: { holds: 'the alarm clock: everything that says Bull', imports: ['batch-jobs', 'shared'] },
  'batch-jobs': { holds: 'what: entities, statuses, statements, contact lists', imports: ['shared'] },
  access: { holds: 'who may use the service', imports: ['shared'] },
  database: { holds: 'the schema and its migrations', imports: ['access', 'batch-jobs', 'shared'] },
  shared: { holds: 'what every room may use', imports: [] },
  embedded: {
    holds: '`npm start`: the service with its servers',
    imports: ['.', 'access', 'database', 'shared'],
  },
  cli: {
    holds: 'the commands',
    imports: ['.', 'access', 'database', 'embedded', 'scheduling', 'shared'],
  },
  '.': {
    holds: 'the modules, the programs, the front door',
    imports: ['access', 'api', 'batch-jobs', 'calling', 'database', 'operations', 'queue', 'scheduling', 'shared'],
  },
};

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', 'src');
const IMPORTED = /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g;

const roomOf = (file) => (file.includes(sep) ? file.split(sep)[0] : '.');

/** The sources, without their tests. */
const sources = () =>
  readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) => /(?<!\.spec)\.ts$/.test(name));

const read = (file) => readFileSync(join(ROOT, file), 'utf8');

/**
 * Imports between rooms.
 *
 * @returns {Map<string, Map<string, number>>} by the room that imports: how many imports of which other room
 */
export function arrows() {
  const found = new Map(Object.keys(ROOMS).map((room) => [room, new Map()]));
  for (const file of sources()) {
    const from = roomOf(file);
    for (const [, path] of read(file).matchAll(IMPORTED)) {
      const to = roomOf(relative(ROOT, join(ROOT, dirname(file), path)));
      const counts = found.get(from);
      if (to !== from) counts.set(to, (counts.get(to) ?? 0) + 1);
    }
  }
  return found;
}

/**
 * A way from a room back to itself.
 *
 * @param {Map<string, Map<string, number>>} of
 * @returns {string[] | null} the rooms on it, the first one twice; null: there is none
 */
export function circle(of) {
  const done = new Set();
  const walk = (room, way) => {
    if (way.includes(room)) return [...way.slice(way.indexOf(room)), room];
    if (done.has(room)) return null;
    for (const next of of.get(room)?.keys() ?? []) {
      const found = walk(next, [...way, room]);
      if (found) return found;
    }
    done.add(room);
    return null;
  };
  for (const room of of.keys()) {
    const found = walk(room, []);
    if (found) return found;
  }
  return null;
}

/** Files and lines of each room, without tests. */
function sizes() {
  const found = new Map(Object.keys(ROOMS).map((room) => [room, { files: 0, lines: 0 }]));
  for (const file of sources()) {
    const size = found.get(roomOf(file));
    size.files += 1;
    size.lines += read(file).split('\n').length - 1;
  }
  return found;
}

const table = (rows) => rows.map((row) => `| ${row.join(' | ')} |`).join('\n');

/** Both tables as Markdown. */
export function report() {
  const rooms = Object.keys(ROOMS);
  const found = arrows();
  const rule = (columns) => ['---', ...columns.map(() => '---:')];
  return [
    table([
      ['imports →', ...rooms],
      rule(rooms),
      ...rooms.map((from) => [from, ...rooms.map((to) => (from === to ? '·' : (found.get(from).get(to) ?? '')))]),
    ]),
    table([
      ['room', 'files', 'lines'],
      rule(['files', 'lines']),
      ...[...sizes()].map(([room, { files, lines }]) => [room, files, lines]),
    ]),
  ].join('\n\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${report()}\n`);
