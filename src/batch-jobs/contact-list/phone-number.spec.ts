import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { readNationalNumber } from './national-number.js';
import { readPhoneNumber, type PhoneNumberReading } from './phone-number.js';
import { runsOf } from '../../../test/support/long-run.js';

/** Of a list that does not say of which country its numbers are. */
const read = (written: string): PhoneNumberReading => {
  const reading = readPhoneNumber(written);
  return 'national' in reading ? readNationalNumber(reading.national, null) : reading;
};

describe('readPhoneNumber', () => {
  it.each([
    ['+14155550123', '+14155550123'],
    ['+1 (415) 555-0123', '+14155550123'],
    ['+1.415.555.0123', '+14155550123'],
    ['  +1 415 555 0123\t', '+14155550123'],
    ['\u202a+1 415 555 0123\u202c', '+14155550123'],
    ['+1\u00a0415\u2013555\u20130123', '+14155550123'],
    ['+44 (0)20 7946 0123', '+442079460123'],
    ['+39 06 1234 5678', '+390612345678'],
    ['+447700900123', '+447700900123'],
    ['+441632960123', '+441632960123'],
    ['+15555550100', '+15555550100'],
    ['+61 491 570 156', '+61491570156'],
    ['+33 1 99 00 00 01', '+33199000001'],
    ['+923001234567', '+923001234567'],
    ['+٩٢٣٠٠١٢٣٤٥٦٧', '+923001234567'],
    ['+800 1234 5678', '+80012345678'],
    ["'+12025550141", '+12025550141'],
    ["' +44 20 7946 0123", '+442079460123'],
    ['="+12025550141"', '+12025550141'],
    ['=+12025550141', '+12025550141'],
    ['= "+1 202 555 0141"', '+12025550141'],
    ['"+12025550141"', '+12025550141'],
    ['+1\u202f202\u202f555\u202f0141', '+12025550141'],
    ['+1\u2007202\u2009555\u20030141', '+12025550141'],
    ['+1 \u2068202\u2069 555\u200e0141', '+12025550141'],
    ['\u2068+44 20\u200b7946\u2060 0123\u2069', '+442079460123'],
    ['＋１２０２５５５０１４１', '+12025550141'],
    ['＋１　（２０２）　５５５－０１４１', '+12025550141'],
    ['\ufe621 202 555 0141', '+12025550141'],
    ['+1 202\u2011555\u20120141', '+12025550141'],
    ['+1 202\ufe63555\u22120141', '+12025550141'],
    ['(+1) 415 555 0123', '+14155550123'],
    ['+14155550123.0', '+14155550123'],
    ['tel:+1-415-555-0123', '+14155550123'],
  ])('reads %s as E.164', (written, phoneNumber) => {
    expect(read(written)).toEqual({ phoneNumber });
  });

  it.each([
    ['', 'is empty'],
    [' \t\u200b ', 'is empty'],
    ['4155550123', "does not begin with '+'"],
    ['0044 7700 900123', "does not begin with '+'"],
    ['call me', "does not begin with '+'"],
    ["''", "does not begin with '+'"],
    ['="', "does not begin with '+'"],
    ['=""', 'is empty'],
    ['=1+12025550141', "does not begin with '+'"],
    ['1.4155550123E+10', 'spreadsheet has rounded'],
    ['+4,47701E+11', 'spreadsheet has rounded'],
    ['+1-800-FLOWERS', 'characters that are not part of a number'],
    ['++14155550123', 'characters that are not part of a number'],
    ['+', 'characters that are not part of a number'],
    ['+1 415 555 0123 / +1 415 555 0124', 'characters that are not part of a number'],
    ['+1415555\u00000123', 'characters that are not part of a number'],
    ['+1 415 555 0123\n+1 415 555 0124', 'characters that are not part of a number'],
    ['+49 30 12345\n67890', 'characters that are not part of a number'],
    ['+49 30 12345\t67890', 'characters that are not part of a number'],
    ['+1 415 555 0123²', 'characters that are not part of a number'],
    [`+1${'0'.repeat(200)}`, 'characters that are not part of a number'],
    ['+999 1234 5678', 'country code does not exist'],
    ['+0 123 456 789', 'country code does not exist'],
    ['+1', 'too short'],
    ['+1 555 0100', 'too short'],
    ['+44 7700', 'too short'],
    ['+1 415 555 01234', 'too long'],
    ['+49 30 123456789012345', 'too long'],
    ['+49 (0)0 30 1234567', 'more than one zero'],
    ['+1 415 555 0123 ext. 5', 'has an extension'],
    ['+14155550123;ext=5', 'has an extension'],
  ])('refuses %j with a reason', (written, reason) => {
    expect(read(written)).toEqual({ reason: expect.stringContaining(reason) });
  });

  it('accepts no more than the 15 digits of E.164, which libphonenumber would', () => {
    expect(read('+493012345678901')).toEqual({ phoneNumber: '+493012345678901' });
    expect(read('+4930123456789012')).toEqual({ reason: expect.stringContaining('too long') });
  });

  it('reads numbers of the North American plan as the library does, which is not asked', () => {
    const areas = Array.from({ length: 800 }, (_, at) => 200 + at);
    fc.assert(
      fc.property(fc.stringMatching(/^\d{7}$/), (rest) => {
        const wrong = areas.filter((area) => {
          const reading = read(`+1 ${area} ${rest}`);
          return !('phoneNumber' in reading) || reading.phoneNumber !== `+1${area}${rest}`;
        });
        expect(wrong).toEqual([]);
        expect(read(`+1415${rest}`)).toEqual({ phoneNumber: `+1415${rest}` });
      }),
      { numRuns: runsOf(20), examples: [['0000000'], ['1111111'], ['9999999'], ['5550123']] },
    );
  });

  it('reads what it has read to the same number', () => {
    const written = fc.stringMatching(/^\+(1|33|44|49|61|92)[0-9 ()-]{6,16}$/);
    fc.assert(
      fc.property(written, (text) => {
        const reading = read(text);
        fc.pre('phoneNumber' in reading);
        expect(reading.phoneNumber).toMatch(/^\+[1-9]\d{1,14}$/);
        expect(read(reading.phoneNumber)).toEqual(reading);
      }),
    );
  });

  it('throws nothing, and puts nothing of the text into a reason', () => {
    const written = fc.oneof(fc.string(), fc.stringMatching(/^\+[\d a-z;,=#.()]{0,70}$/));
    fc.assert(
      fc.property(written, (text) => {
        expect(read(text)).not.toMatchObject({ reason: expect.stringMatching(/\d/) });
      }),
    );
  });
});
