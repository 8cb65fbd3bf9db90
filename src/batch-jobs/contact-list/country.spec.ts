import { describe, expect, it } from '@jest/globals';
import { readCountry } from './country.js';

describe('readCountry', () => {
  it.each([
    ['US', 'US'],
    ['us', 'US'],
    [' De ', 'DE'],
  ])('reads %j as %s', (written, code) => {
    expect(readCountry(written)).toBe(code);
  });

  it.each([
    ['UK', 'GB'],
    ['uk', 'GB'],
    ['USA', 'US'],
    ['Germany', 'DE'],
    ['germny', 'DE'],
    ['United States', 'US'],
    ['brasil', 'BR'],
  ])('refuses %j and asks whether %s is meant', (written, code) => {
    expect(() => readCountry(written)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: expect.stringContaining(`Did you mean '${code}'?`),
        facts: { errors: [{ parameter: 'defaultCountry', detail: expect.any(String) }], suggestions: [code] },
      }),
    );
  });

  it.each(['', 'ZZ', '1', '+1', '__proto__', 'constructor', 7, true, ['US'], {}, 'x'.repeat(16_000)])(
    'refuses %j without a suggestion',
    (written) => {
      expect(() => readCountry(written)).toThrow(
        expect.objectContaining({ facts: { errors: [expect.objectContaining({ parameter: 'defaultCountry' })] } }),
      );
    },
  );
});
