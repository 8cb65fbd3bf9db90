import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { DomainError } from '../../shared/domain-error.js';
import { parseExactly } from '../../shared/exact-json.js';
import {
  DEFAULT_CONTACT_LIST_LIMITS,
  readContactArray,
  type ContactListLimits,
  type CountryCode,
} from '../contact-list.js';
import { shown, type ShownList } from '../../../test/support/shown-list.js';
import { runsOf } from '../../../test/support/long-run.js';

const CANARY = '5550147';

interface Asked extends Partial<ContactListLimits> {
  readonly country?: CountryCode;
}

const read = async (contacts: unknown, { country, ...limits }: Asked = {}): Promise<ShownList> =>
  shown(await readContactArray(contacts, { ...DEFAULT_CONTACT_LIST_LIMITS, ...limits }, country ?? null));

const refusalOf = async (contacts: unknown, asked: Asked = {}): Promise<DomainError> => {
  try {
    await read(contacts, asked);
  } catch (error: unknown) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('the list was accepted');
};

/** What became of the list, as a word; anything but a refusal is thrown on. */
const readOrRefuse = async (contacts: unknown): Promise<string> => {
  try {
    await read(contacts);
    return 'read';
  } catch (error: unknown) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
};

/** A contact of 262,144 bytes and its name. */
const largeContact = (name: string) => ({ phone: '+14155550101', name, a: Array.from({ length: 131_052 }, () => 1) });

const ANN = { name: 'Ann', phone: '+14155550101' };
const nested = (levels: number): unknown => (levels === 1 ? 'x' : { in: nested(levels - 1) });

describe('readContactArray', () => {
  it('keeps every contact as it is given, nested values included', async () => {
    const contacts: unknown = JSON.parse(
      '[{"b":[1,{"c":null}],"phone":"+1 (415) 555-0101","__proto__":{"x":true},"constructor":"k","Phone":"other"},{"phone":"+447700900123","name":null}]',
    );
    const list = await read(contacts);
    expect(list).toMatchObject({ invalidContacts: 0, duplicateContacts: 0, rejectedRows: [] });
    expect(list.contacts.map(({ phoneNumber }) => phoneNumber)).toEqual(['+14155550101', '+447700900123']);
    expect(JSON.stringify(list.contacts.map(({ contactData }) => contactData))).toBe(JSON.stringify(contacts));
  });

  it('leaves out contacts without a usable phone, by position, and counts duplicates', async () => {
    const list = await read([
      ANN,
      {},
      { phone: null },
      { phone: 14_155_550_147 },
      { phone: '415' },
      { phone: '+1 415 555 0101' },
      { Phone: '+14155550102' },
      { phone: true },
      { phone: 1.5 },
      { phone: -4_155_550_147 },
    ]);
    expect(list.contacts).toEqual([{ phoneNumber: '+14155550101', contactData: ANN }]);
    expect([list.invalidContacts, list.duplicateContacts]).toEqual([8, 1]);
    expect(list.rejectedRows).toEqual([
      { row: 2, reason: 'The contact has no `phone`.' },
      { row: 3, reason: 'The contact has no `phone`.' },
      { row: 4, reason: expect.stringContaining("begin with '+'") },
      { row: 5, reason: expect.stringContaining("begin with '+'") },
      { row: 7, reason: 'The contact has no `phone`.' },
      { row: 8, reason: '`phone` is not a string.' },
      { row: 9, reason: '`phone` is not a string.' },
      { row: 10, reason: '`phone` is not a string.' },
    ]);
  });

  it('reads numbers without a plus sign, also numbers of JSON, as those of the country', async () => {
    const contacts = [
      { phone: 12_025_550_100 },
      { phone: '202-555-0101' },
      { phone: 2_025_550_100 },
      { phone: -2_025_550_102 },
    ];
    const list = await read(contacts, { country: 'US' });
    expect(list.contacts).toEqual([
      { phoneNumber: '+12025550100', contactData: { phone: 12_025_550_100 } },
      { phoneNumber: '+12025550101', contactData: { phone: '202-555-0101' } },
    ]);
    expect([list.duplicateContacts, list.invalidContacts]).toEqual([1, 1]);
  });

  it('names the option when no contact has a plus sign', async () => {
    expect(await refusalOf([{ phone: 12_025_550_100 }])).toMatchObject({
      code: 'invalid_phone_format',
      message: expect.stringContaining('`defaultCountry`'),
    });
  });

  it('keeps numbers that JavaScript would round', async () => {
    const json = '[{"phone":"+14155550101","crmId":9007199254740993,"rates":[0.1234567890123456789]}]';
    const list = await readContactArray(parseExactly(json), DEFAULT_CONTACT_LIST_LIMITS);
    const kept: string[] = [];
    for await (const { contactData } of list.contacts()) kept.push(contactData);
    await list.close();
    expect(`[${kept.join()}]`).toBe(json);
  });

  it('does not take an inherited phone', async () => {
    const contact: unknown = Object.create(ANN);
    expect(await refusalOf([contact])).toMatchObject({ code: 'invalid_phone_format' });
  });

  it.each([
    ['nothing', undefined, 'contacts', 'must be an array'],
    ['an object', { phone: '+14155550101' }, 'contacts', 'must be an array'],
    ['a string', '[]', 'contacts', 'must be an array'],
    ['a string in the array', [ANN, 'x'], 'contacts[1]', 'must be an object'],
    ['null in the array', [null], 'contacts[0]', 'must be an object'],
    ['an array in the array', [[]], 'contacts[0]', 'must be an object'],
    ['a name that is no string', [{ ...ANN, name: 7 }], 'contacts[0].name', 'must be a string'],
    ['U+0000 in a value', [{ ...ANN, a: { b: ['x\u0000'] } }], 'contacts[0].a', 'cannot be stored'],
    ['U+0000 in a key', [{ ...ANN, 'a\u0000': 1 }], 'contacts[0].a ', 'cannot be stored'],
    ['U+0000 in an inner key', [{ ...ANN, a: { '\u0000': 1 } }], 'contacts[0].a', 'cannot be stored'],
    ['half of a surrogate pair', [{ ...ANN, a: '\ud800' }], 'contacts[0].a', 'cannot be stored'],
    [
      'a number beyond a double',
      JSON.parse('[{"phone":"+14155550101","a":1e999}]') as unknown,
      'contacts[0].a',
      'too large',
    ],
    [
      'a long number beyond a double',
      parseExactly('[{"phone":"+14155550101","a":[1e999]}]'),
      'contacts[0].a',
      'too large',
    ],
    ['a long number for a contact', parseExactly('[9007199254740993]'), 'contacts[0]', 'must be an object'],
    ['a long number for a name', parseExactly('[{"name":9007199254740993}]'), 'contacts[0].name', 'must be a string'],
    ['what is not JSON', [{ ...ANN, a: () => 1 }], 'contacts[0].a', 'not a JSON value'],
  ])('refuses %s', async (_what, contacts, parameter, words) => {
    const refusal = await refusalOf(contacts);
    expect(refusal).toMatchObject({ code: 'invalid_request', message: expect.stringContaining(words) });
    expect(refusal.facts).toEqual({ errors: [{ parameter, detail: refusal.message }] });
  });

  it('refuses an empty array', async () => {
    expect(await refusalOf([])).toMatchObject({ code: 'no_valid_contacts', message: expect.stringContaining('empty') });
  });

  it('refuses a list without one usable number, with the first reasons', async () => {
    const refusal = await refusalOf(Array.from({ length: 12 }, () => ({ phone: `415${CANARY}` })));
    expect(refusal).toMatchObject({ code: 'invalid_phone_format', facts: { invalidContacts: 12 } });
    expect(refusal.facts.rejectedRows).toHaveLength(10);
    expect(refusal.message).toContain("does not begin with '+'");
  });

  describe('limits are inclusive', () => {
    it('contacts', async () => {
      const contacts = [ANN, { phone: '+14155550102' }, ANN, {}];
      expect((await read(contacts, { maxContacts: 2 })).contacts).toHaveLength(2);
      expect(await refusalOf(contacts, { maxContacts: 1 })).toMatchObject({
        code: 'too_many_contacts',
        message: expect.stringContaining('of 4 entries has more than 1 valid contacts'),
        facts: { maxContacts: 1, entries: 4 },
      });
      const national = [{ phone: '4155550101' }, { phone: '4155550102' }, {}];
      expect(await refusalOf(national, { maxContacts: 1, country: 'US' })).toMatchObject({
        code: 'too_many_contacts',
        facts: { maxContacts: 1, entries: 3 },
      });
    });

    it('entries of any kind', async () => {
      const contacts = [ANN, ...Array.from({ length: 9 }, () => ({}))];
      expect((await read(contacts, { maxContacts: 2 })).invalidContacts).toBe(9);
      expect(await refusalOf([...contacts, {}], { maxContacts: 2 })).toMatchObject({
        code: 'too_many_contacts',
        message: expect.stringContaining('more than 10 rows'),
        facts: { maxContacts: 2 },
      });
    });

    it('fields of a contact', async () => {
      expect((await read([ANN], { maxColumns: 2 })).contacts).toHaveLength(1);
      expect(await refusalOf([ANN], { maxColumns: 1 })).toMatchObject({ code: 'invalid_request' });
    });

    it('characters of a string or a key', async () => {
      expect((await read([{ ...ANN, a: ['x'.repeat(20)] }], { maxCellLength: 20 })).contacts).toHaveLength(1);
      expect((await refusalOf([{ ...ANN, a: ['x'.repeat(21)] }], { maxCellLength: 20 })).facts.errors).toMatchObject([
        { parameter: 'contacts[0].a' },
      ]);
      expect((await refusalOf([{ ...ANN, ['k'.repeat(21)]: 1 }], { maxCellLength: 20 })).message).toContain(
        'longer than 20',
      );
    });

    it('levels', async () => {
      expect((await read([{ ...ANN, a: nested(16) }])).contacts).toHaveLength(1);
      expect((await refusalOf([{ ...ANN, a: nested(17) }])).message).toContain('nested deeper than 16 levels');
      expect((await refusalOf([{ ...ANN, a: nested(5_000) }])).message).toContain('nested deeper');
    });

    it('bytes of one contact and of all', async () => {
      expect(Buffer.byteLength(JSON.stringify(largeContact('')))).toBe(262_144);
      expect((await read([largeContact('')], { maxBytes: 262_144 })).contacts).toHaveLength(1);
      expect((await refusalOf([largeContact('x')])).message).toContain('larger than 262144 bytes');
      expect(await refusalOf([largeContact('')], { maxBytes: 262_143 })).toMatchObject({ code: 'payload_too_large' });
    });
  });

  it('never shows a number in a refusal or a reason', async () => {
    const number = `+1415${CANARY}`;
    const { rejectedRows } = await read([ANN, { phone: `${number}x` }, { phone: `1415${CANARY}` }]);
    const refusals = await Promise.all(
      [
        [{ [number]: '\u0000' }],
        [{ [number]: 'x'.repeat(20_000) }],
        [number],
        [{ phone: `${number}x` }],
        [{ name: Number(number) }],
      ].map(async (contacts) => {
        const { message, facts } = await refusalOf(contacts);
        return { message, facts };
      }),
    );
    for (const one of [rejectedRows, ...refusals]) expect(JSON.stringify(one)).not.toContain(CANARY);
  });

  it('throws nothing but domain errors for any JSON', async () => {
    const phone = fc.oneof(fc.constantFrom('+14155550101', '+447700900123'), fc.jsonValue());
    const contact = fc.record({ phone }, { requiredKeys: [] });
    const list = fc.array(fc.oneof(contact, fc.jsonValue()), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), list), async (contacts) => {
        expect(await readOrRefuse(contacts)).toEqual(expect.any(String));
      }),
      { numRuns: runsOf(500) },
    );
  });

  it('valid, invalid and duplicate ones add up to the entries', async () => {
    const phone = fc.constantFrom('+14155550101', '+1 415 555 0101', '+447700900123', '', 'x', 7, null);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ phone }, { requiredKeys: [] }), { maxLength: 20 }), async (contacts) => {
        const list = await read([...contacts, ANN]);
        expect(list.contacts.length + list.invalidContacts + list.duplicateContacts).toBe(contacts.length + 1);
      }),
    );
  });
});
