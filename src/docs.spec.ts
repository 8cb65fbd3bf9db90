import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BatchJobsModule } from './batch-jobs.module.js';
import { SIMULATED_OUTCOMES } from './calling/dialers/simulated.dialer.js';
import { VARIABLES } from './env.js';
import { packageFile } from './shared/package-file.js';
import * as frontDoor from './index.js';
import { ERROR_CODES } from './shared/domain-error.js';
import { SETTING_DEFAULTS } from './shared/settings.js';

const read = (name: string): string => readFileSync(packageFile(name), 'utf8');

/** Everything a reader may follow links from. */
const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(packageFile('docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

const withoutCode = (markdown: string): string =>
  markdown.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');

const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1]);

/** The id that GitHub, and `/docs/errors`, give a heading. */
const toAnchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const variables = Object.values(VARIABLES);
const names = variables.map(({ name }) => name);

describe('docs/errors.md', () => {
  it('has one section for each code, and no other', () => {
    expect(all(read('docs/errors.md'), /^## (.+)$/gm).toSorted()).toEqual([...ERROR_CODES].toSorted());
  });

  it.each(ERROR_CODES)('shows a body of %s in its section', (code) => {
    const [, section] = read('docs/errors.md').split(`\n## ${code}\n`);
    const body: unknown = JSON.parse(/^```json\n([\s\S]*?)^```/m.exec(section)?.[1] ?? 'null');
    expect(body).toMatchObject({ type: `/docs/errors#${code}`, code, success: false });
  });

  it('links only within itself, because it is served as a page of its own', () => {
    const targets = all(withoutCode(read('docs/errors.md')), /\]\(([^)]+)\)/g);
    expect(targets.filter((target) => !/^(#|https:)/.test(target))).toEqual([]);
  });
});

describe('.env.example', () => {
  const lines = all(read('.env.example'), /^([A-Z][A-Z_]*=.*)$/gm);

  it('names every variable, once and in the order of env.ts', () => {
    expect(lines.map((line) => line.split('=')[0])).toEqual(names);
  });

  it.each(variables.flatMap(({ name, fallback }) => (fallback === undefined ? [] : [[name, String(fallback)]])))(
    'gives %s its default, %s',
    (name, fallback) => {
      expect(lines).toContain(`${name}=${fallback}`);
    },
  );
});

describe('the settings of docs/operations.md', () => {
  const [, settings] = read('docs/operations.md').split('\n## Settings\n');
  const rows = all(settings, /^(\| `[A-Z_]+`.*)$/gm).map((row) => row.split(/ *\| */).slice(1));

  it('has a row for every variable', () => {
    expect(rows.map(([name]) => name)).toEqual(names.map((name) => `\`${name}\``));
  });

  const ranges = variables.flatMap(({ name, allowed }) => {
    const [, first, last] = /from (\d+) to (\d+)/.exec(allowed) ?? [];
    return first === undefined ? [] : [[name, first, last]];
  });

  it.each(ranges)('gives %s the range from %s to %s', (name, first, last) => {
    expect(rows.find(([cell]) => cell === `\`${name}\``)?.[1]).toBe(`${first}–${last}`);
  });

  it.each(variables.map(({ name, fallback }) => [name, fallback === undefined ? '' : `\`${String(fallback)}\``]))(
    'gives %s the default %s',
    (name, fallback) => {
      expect(rows.find(([cell]) => cell === `\`${name}\``)?.[2]).toBe(fallback);
    },
  );
});

describe('the log lines of docs/operations.md', () => {
  const sources = readdirSync(packageFile('src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(?<!\.spec)\.ts$/.test(name),
  );
  const messages = sources.flatMap((name) => all(read(join('src', name)), /(?:logger\.\w+\(\s*|told: )'([^']+)'/g));

  it.each(messages)('explain %s', (message) => {
    expect(read('docs/operations.md')).toContain(`\`${message}\``);
  });
});

describe.each(PAGES)('%s', (page) => {
  const text = withoutCode(read(page));
  const links = all(text, /\]\(([^)\s]+)\)/g).filter((target) => !target.startsWith('https:'));

  it('links to files and headings that exist', () => {
    const broken = links.filter((target) => {
      const [path, anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      if (!existsSync(packageFile(file))) return true;
      return anchor !== undefined && !all(read(file), /^#+ (.+)$/gm).some((heading) => toAnchor(heading) === anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe('docs/dialers.md', () => {
  it('shows the call service that is in examples/', () => {
    const [, shown] = /^```js\n([\s\S]*?)^```/m.exec(read('docs/dialers.md')) ?? [];
    expect(shown).toBe(read('examples/call-service.mjs'));
  });

  it('has the table of the simulated dialer', () => {
    const rows = [...read('docs/dialers.md').matchAll(/^\| (\d\d)(?:–(\d\d))? +\| `(\w+)`/gm)];
    expect(rows.map(([, first, last = first, outcome]) => [Number(last), outcome])).toEqual(SIMULATED_OUTCOMES);
  });
});

describe('README.md', () => {
  it('names only commands that there are', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'));
    const commands = all(read('README.md'), /npm run ([\w:-]*\w)/g);
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.filter((command) => !(command in scripts))).toEqual([]);
    expect(scripts).toMatchObject({ start: expect.any(String), test: expect.any(String) });
  });
});

describe('the options in README.md', () => {
  const [, options] = /\*\*Options\*\* are([\s\S]*?)\*\*Shape\*\*/.exec(read('README.md')) ?? [];

  it('are those that there are', () => {
    const given = ['databaseUrl', 'redisUrl', 'apiKeyPepper'];
    const known = all(options, /`(\w+)`/g).filter((name) => name in SETTING_DEFAULTS || given.includes(name));
    expect(new Set(known)).toEqual(new Set([...given, ...Object.keys(SETTING_DEFAULTS)]));
  });
});

describe('what a host application may inject', () => {
  const module = BatchJobsModule.forRoot({ databaseUrl: '', redisUrl: '', apiKeyPepper: '' });
  const injectable = (module.exports ?? []).map((service) => (service as { name: string }).name);

  it('is what README.md says', () => {
    const [, said] = /The module exports([\s\S]*?)They take a `Caller`/i.exec(read('README.md')) ?? [];
    expect(new Set(all(said, /`([A-Z]\w+)`/g).filter((name) => name !== 'DomainError'))).toEqual(new Set(injectable));
  });

  it('comes out of the front door', () => {
    expect(injectable.filter((name) => !(name in frontDoor))).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  const [, ten] = /\n## Where to change what\n([\s\S]*?)\nAnd the way in/.exec(read('docs/architecture.md')) ?? [];
  const rows = all(ten, /^\| (?!request|-)(.*)\|$/gm).map((row) => row.split(' | '));

  it('has ten requests', () => {
    expect(rows).toHaveLength(10);
  });

  it.each(rows)('names files that there are for %s', (_, files) => {
    const named = all(files, /`([^`]*[/.][^`]*)`/g);
    expect(named.length).toBeGreaterThan(1);
    expect(named.filter((file) => !existsSync(packageFile(file)))).toEqual([]);
  });

  it('names no file of the sources that there is not', () => {
    const named = all(read('docs/architecture.md'), /`((?:[a-z-]+\/)*[a-z-]+(?:\.[a-z-]+)*\.ts)`/g);
    expect(named.filter((file) => ![file, `src/${file}`].some((path) => existsSync(packageFile(path))))).toEqual([]);
  });
});

describe('pages that the code cites', () => {
  const files = ['src', 'test', 'bench', 'scripts'].flatMap((folder) =>
    readdirSync(packageFile(folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|js|mjs)$/.test(name))
      .map((name) => join(folder, name)),
  );
  const cites = files.flatMap((file) =>
    [...read(file).matchAll(/([\w./-]*\w\.md)\b(?:, “([^”]+)”)?/g)].map(([, page, heading]) => [file, page, heading]),
  );

  it('can be opened, and have what is cited', () => {
    const broken = cites.filter(([, page, heading]) => {
      if (!existsSync(packageFile(page))) return true;
      return heading !== undefined && !new RegExp(`^(#+ ${heading}$|\\*\\*${heading}\\b)`, 'm').test(read(page));
    });
    expect(broken).toEqual([]);
  });
});
