import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { TestApp } from '../support/test-app.js';
import { runsOf } from '../support/long-run.js';

const RUNS = { numRuns: runsOf(50), interruptAfterTimeLimit: 20_000 };

let app: TestApp;
let key: string;
let id: string;
beforeAll(async () => {
  app = await TestApp.start({ settings: { maxContacts: 50 } });
  key = await app.keyWith(['jobs:read', 'jobs:write', 'calls:report']);
  id = await app.create();
});
afterAll(() => app.stop());

/** Every route that a body can be sent to, and fields that it knows. */
const WRITES: readonly (readonly [method: string, path: string, fields: readonly string[]])[] = [
  ['POST', '/batch/create', ['name', 'fromPhoneNumberId', 'contacts', 'maxAttempts', 'timezone', 'scheduledStartTime']],
  ['PATCH', '/batch/jobs/:id', ['name', 'description', 'concurrentCallLimit']],
  ['POST', '/batch/jobs/:id/export', ['format', 'filter']],
  ['POST', '/batch/calls/call_01ARZ3NDEKTSV4RRFFQ69G5FAV/outcome', ['outcome', 'durationSeconds', 'errorCode']],
  ['PATCH', '/batch/jobs/:id/reschedule', ['timezone']],
  ['POST', '/batch/jobs/:id/pause', ['reason']],
  ['POST', '/batch/jobs/:id/resume', []],
  ['POST', '/batch/jobs/:id/cancel', []],
  ['POST', '/batch/jobs/:id/start', []],
  ['DELETE', '/batch/jobs/batch_01ARZ3NDEKTSV4RRFFQ69G5FAV', []],
];

const NUMBERS = ['0', '-0', '1e400', '-1e400', '1e-400', '123456789012345678901234567890', '0.1', '01', 'NaN', '0x10'];
const STRINGS = [
  '""',
  String.raw`"\u0000"`,
  String.raw`"\ud800"`,
  String.raw`"\udc00\ud800"`,
  String.raw`"\u202e"`,
  '"\t"',
  '"\ufffe"',
  '"__proto__"',
  `"${'x'.repeat(20_000)}"`,
  `"${'\u{1f600}'.repeat(2_000)}"`,
];
const scalar = fc.constantFrom('true', 'null', 'undefined', ...NUMBERS, ...STRINGS);

const deep = fc
  .tuple(
    fc.constantFrom(['[', ']'], ['{"a":', '}'], ['[{"":', '}]']),
    fc.constantFrom(1, 14, 30, 33, 1_000, 6_000),
    fc.boolean(),
  )
  .map(([[open, close], levels, isClosed]) => `${open.repeat(levels)}1${isClosed ? close.repeat(levels) : ''}`);

const wide = fc
  .tuple(fc.constantFrom(1, 30, 3_000), scalar)
  .map(([width, value]) => `{${Array.from({ length: width }, (_, at) => `"k${at % 2_000}":${value}`).join(',')}}`);

const contactList = fc.array(
  fc.oneof(
    scalar,
    deep,
    wide,
    scalar.map((value) => `{"phone":"+12025550123","x":${value}}`),
    scalar.map((value) => `{"phone":${value}}`),
  ),
  { maxLength: 3 },
);
const value = fc.oneof(
  scalar,
  deep,
  wide,
  contactList.map((contacts) => `[${contacts.join(',')}]`),
);

/** The text of a body: mostly an object of fields that the route knows, some of them twice. */
const textOf = (fields: readonly string[]): fc.Arbitrary<string> => {
  const name = fc.constantFrom(...fields, '__proto__', 'constructor', 'toString', '', String.raw`\u0000`, 'contacts');
  const object = fc
    .array(fc.tuple(name, value), { maxLength: 6 })
    .map((members) => `{${members.map(([member, given]) => `"${member}":${given}`).join(',')}}`);
  return fc.oneof({ weight: 4, arbitrary: object }, { weight: 1, arbitrary: value });
};

const ENCODINGS: Readonly<Record<string, (text: string) => Buffer<ArrayBuffer>>> = {
  'utf-8': (text) => Buffer.from(text),
  'utf-8 with a mark': (text) => Buffer.from(`\ufeff${text}`),
  'utf-16': (text) => Buffer.from(text, 'utf16le'),
  latin1: (text) => Buffer.from(text.replaceAll('x', '\u00fc'), 'latin1'),
  'cut off': (text) => Buffer.from(text).subarray(0, -1),
};
const encoding = fc.oneof(
  { weight: 4, arbitrary: fc.constant('utf-8') },
  { weight: 1, arbitrary: fc.constantFrom(...Object.keys(ENCODINGS)) },
);

const mediaType = fc.oneof(
  { weight: 9, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'application/json; charset=utf-16',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'multipart/form-data; boundary=b',
      'text/plain',
      'application/cbor',
      '*/*',
    ),
  },
);
const coding = fc.oneof(
  { weight: 9, arbitrary: fc.constant('identity') },
  { weight: 1, arbitrary: fc.constantFrom('gzip', 'deflate', 'br', 'gzip, gzip', '') },
);

describe.each(WRITES)('%s %s', (method, path, fields) => {
  it('answers whatever a client can send with 2xx or 4xx', async () => {
    await fc.assert(
      fc.asyncProperty(textOf(fields), encoding, mediaType, coding, async (text, encode, type, coded) => {
        const headers = { 'content-type': type, 'content-encoding': coded };
        const init = { body: ENCODINGS[encode](text), headers };

        const { status, body } = await app.send(method, path.replace(':id', id), init, key);

        expect([status < 500, body]).toEqual([true, body]);
      }),
      RUNS,
    );
  });
});

const parameter = fc.constantFrom(
  'reason',
  'scheduledStartTime',
  'timezone',
  'page',
  'contactStatus',
  'cursor',
  'x',
  '',
);
const given = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map(encodeURIComponent),
  fc.constantFrom(
    '%00',
    '%ff',
    '%',
    '%ED%A0%80',
    '1e400',
    '-0',
    'x'.repeat(6_000),
    '%F0%9F%98%80',
    '2027-03-01T10:00:00',
  ),
);

it.each([
  ['PATCH', '/batch/jobs/:id/reschedule'],
  ['POST', '/batch/jobs/:id/cancel'],
  ['GET', '/batch/jobs'],
  ['GET', '/batch/jobs/:id/contacts'],
  ['GET', '/batch/schedule/preview'],
  ['GET', '/timezones'],
])('%s %s answers whatever query a client can send with 2xx or 4xx', async (method, path) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(parameter, given), { maxLength: 4 }), async (parameters) => {
      const query = parameters.map(([name, text]) => `${name}=${text}`).join('&');

      const { status } = await app.send(method, `${path.replace(':id', id)}?${query}`, {}, key);

      expect(status).toBeLessThan(500);
    }),
    RUNS,
  );
});
