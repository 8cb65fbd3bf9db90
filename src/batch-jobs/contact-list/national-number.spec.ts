import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/min';
import { readNationalNumber } from './national-number.js';
import { unwrap } from './written-number.js';

const read = (written: string, country: CountryCode) => readNationalNumber(unwrap(written), country);

describe('readNationalNumber', () => {
  it.each<[CountryCode, string, string]>([
    ['US', '2025550100', '+12025550100'],
    ['US', '(202) 555-0100', '+12025550100'],
    ['US', '1-202-555-0100', '+12025550100'],
    ['US', '12025550100', '+12025550100'],
    ['US', "'2025550100", '+12025550100'],
    ['US', '="2025550100"', '+12025550100'],
    ['US', '２０２５５５０１００', '+12025550100'],
    ['US', '202\u2007555\u202f0100', '+12025550100'],
    ['US', '555 555 0100', '+15555550100'],
    ['US', '011 44 20 7946 0123', '+442079460123'],
    ['CA', '4165550100', '+14165550100'],
    ['JM', '8765550100', '+18765550100'],
    ['GB', '020 7946 0123', '+442079460123'],
    ['GB', '(020) 7946 0123', '+442079460123'],
    ['GB', '07700 900123', '+447700900123'],
    ['GB', '442079460123', '+442079460123'],
    ['GB', '447700900123', '+447700900123'],
    ['GB', '00 1 202 555 0100', '+12025550100'],
    ['DE', '030/1234567', '+49301234567'],
    ['DE', '0151 12345678', '+4915112345678'],
    ['DE', '4915112345678', '+4915112345678'],
    ['DE', '491701234567', '+491701234567'],
    ['DE', '491701234567.0', '+491701234567'],
    ['DE', '0049 30 1234567', '+49301234567'],
    ['DE', '0044 7700 900123', '+447700900123'],
    ['DE', '٠٣٠١٢٣٤٥٦٧', '+49301234567'],
    ['FR', '06 12 34 56 78', '+33612345678'],
    ['FR', '33612345678', '+33612345678'],
    ['ES', '612 345 678', '+34612345678'],
    ['ES', '34612345678', '+34612345678'],
    ['PT', '912 345 678', '+351912345678'],
    ['BR', '(11) 98765-4321', '+5511987654321'],
    ['BR', '011 98765-4321', '+5511987654321'],
    ['BR', '5511987654321', '+5511987654321'],
    ['IT', '06 1234 5678', '+390612345678'],
    ['IT', '333 1234567', '+393331234567'],
    ['IT', '393331234567', '+393331234567'],
    ['RU', '8 916 123-45-67', '+79161234567'],
    ['RU', '79161234567', '+79161234567'],
    ['AR', '011 15-2345-6789', '+5491123456789'],
    ['AU', '0011 44 20 7946 0123', '+442079460123'],
  ])('reads, in %s, %s as %s', (country, written, phoneNumber) => {
    expect(read(written, country)).toEqual({ phoneNumber });
  });

  it.each<[CountryCode, string, string]>([
    ['GB', '7700900123', '+447700900123'],
    ['GB', '2079460123', '+442079460123'],
    ['DE', '1701234567', '+491701234567'],
    ['IN', '9198765432', '+919198765432'],
    ['RU', '9161234567', '+79161234567'],
    ['JP', '9012345678', '+819012345678'],
  ])('reads, in %s, %s without the zero that a spreadsheet took', (country, written, phoneNumber) => {
    expect(read(written, country)).toEqual({ phoneNumber });
  });

  it.each<[CountryCode, string, string]>([
    ['US', '442079460123', "another country's"],
    ['US', '447700900123', "another country's"],
    ['US', '4915112345678', "another country's"],
    ['GB', '12025550100', "another country's"],
    ['DE', '12025550100', "another country's"],
    ['DE', '15555550100', "another country's"],
    ['DE', '442079460123', "another country's"],
    ['DE', '447700900123', "another country's"],
    ['AT', '4915112345678', "another country's"],
    ['IT', '442079460123', "another country's"],
    ['LU', '442079460123', "another country's"],
    ['ES', '12025550100', "another country's"],
  ])('does not take, in %s, another country’s number %s for one of its own', (country, written, reason) => {
    expect(read(written, country)).toEqual({ reason: expect.stringContaining(reason) });
  });

  it.each<[CountryCode, string, string]>([
    ['GB', '44 (0)20 7946 0123', '+442079460123'],
    ['GB', '0044 (0)20 7946 0123', '+442079460123'],
    ['GB', '(0044) (0)20 7946 0123', '+442079460123'],
    ['DE', '49 (0)30 1234567', '+49301234567'],
    ['DE', '0049(0)30/1234567', '+49301234567'],
    ['DE', '0043 (0)664 123456', '+43664123456'],
    ['FR', '0033(0)612345678', '+33612345678'],
    ['US', '011 44 (0)20 7946 0123', '+442079460123'],
    ['IT', '0039 (0)6 1234 5678', '+390612345678'],
    ['DE', '(0)30 1234567', '+49301234567'],
  ])('leaves out, in %s, the zero in brackets of %s', (country, written, phoneNumber) => {
    expect(read(written, country)).toEqual({ phoneNumber });
  });

  it.each<[CountryCode, string]>([
    ['DE', '43 (0)664 123456'],
    ['DE', '43 0664 123456'],
    ['DE', '3550672123456'],
    ['GB', '376 (0)312345'],
    ['US', '376 (0)312345'],
    ['BR', '00376312345'],
    ['BR', '005511961234567'],
    ['US', '0024740123'],
  ])('does not take, in %s, the zero or the prefix before somebody else’s number %s for digits', (country, written) => {
    expect(read(written, country)).toEqual({ reason: expect.stringContaining("another country's") });
  });

  it.each<[CountryCode, string, string]>([
    ['US', '5550100', 'none of the country'],
    ['DE', '49030901824', 'none of the country'],
    ['US', '0612345678', 'none of the country'],
    ['US', '0412 345 678', 'none of the country'],
    ['CA', '(196) 123-4567', 'none of the country'],
    ['US', '112025550100', 'none of the country'],
    ['US', '202555010', 'none of the country'],
    ['IT', '712345678', 'none of the country'],
    ['DE', '0', 'too short'],
    ['US', '1-800-FLOWERS', 'characters that are not part of a number'],
    ['US', 'call me', 'characters that are not part of a number'],
    ['US', '(202) 555-0100 x5', 'has an extension'],
    ['US', '2025550100 / 2025550101', 'too long'],
    ['US', '202555+0100', 'characters that are not part of a number'],
  ])('refuses, in %s, %s with a reason', (country, written, reason) => {
    expect(read(written, country)).toEqual({ reason: expect.stringContaining(reason) });
  });

  it('names the option when the list does not say of which country it is', () => {
    expect(readNationalNumber('2025550100', null)).toEqual({ reason: expect.stringContaining('`defaultCountry`') });
  });

  it('reads numbers of the North American plan as the library does, which is not asked', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[2-9]\d{9}$/),
        fc.constantFrom<CountryCode>('US', 'CA', 'JM'),
        (digits, country) => {
          const number = parsePhoneNumberFromString(digits, { defaultCountry: country, extract: false })?.number;
          expect(read(digits, country)).toEqual({ phoneNumber: number });
          expect(read(`1${digits}`, country)).toEqual({ phoneNumber: number });
        },
      ),
    );
  });

  it('reads a number as it is written at home to itself', () => {
    const national = fc.stringMatching(/^0[1-9]\d{7,10}$/);
    fc.assert(
      fc.property(national, fc.constantFrom<CountryCode>('DE', 'GB', 'FR', 'AU', 'IN', 'JP'), (text, country) => {
        const reading = read(text, country);
        fc.pre('phoneNumber' in reading);
        expect(reading.phoneNumber.slice(-6)).toBe(text.slice(-6));
      }),
    );
  });

  it('throws nothing, and puts nothing of the text into a reason', () => {
    const written = fc.oneof(fc.string(), fc.stringMatching(/^[\d a-z;,=#.()/-]{0,40}$/));
    fc.assert(
      fc.property(written, fc.constantFrom<CountryCode>('US', 'DE', 'IT', 'AR'), (text, country) => {
        expect(read(text, country)).not.toMatchObject({ reason: expect.stringMatching(/\d/) });
      }),
    );
  });
});
