import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ZONE_RULES } from './zone-rules.js';
import { suggestZones } from './zone-suggestions.js';

/** Any, half surrogate pairs included. */
const codeUnit = fc.nat(0xffff).map((code) => String.fromCharCode(code));

describe('zone suggestions', () => {
  it.each([
    ['America/NewYork', ['America/New_York']],
    ['America/New York', ['America/New_York']],
    ['america-new-york', ['America/New_York']],
    ['New York', ['America/New_York']],
    ['new_york', ['America/New_York']],
    ['Karachi', ['Asia/Karachi']],
    ['Asia/Karachii', ['Asia/Karachi']],
    ['Asia/New_York', ['America/New_York']],
    ['Asia/Kolkatta', ['Asia/Kolkata']],
    ['America/São_Paulo', ['America/Sao_Paulo']],
    ['America/Los Angles', ['America/Los_Angeles']],
    ['Europe/Londres', ['Europe/London']],
    ['Ürümqi', ['Asia/Urumqi']],
    ['G.M.T.', ['Etc/GMT', 'GMT']],
  ])('take %s for %j', (name, expected) => {
    expect(suggestZones(name)).toEqual(expected);
  });

  it('put the nearest first, and are three at most', () => {
    expect(suggestZones('Eastern')).toEqual(['Canada/Eastern', 'US/Eastern', 'Pacific/Easter']);
    expect(suggestZones('US-Eastern')[0]).toBe('US/Eastern');
    expect(suggestZones('America/Caraca')).toEqual(['America/Caracas', 'America/Curacao', 'America/Aruba']);
  });

  it.each(['', 'PST', 'EDT', 'local', 'Invalid/Timezone', '+05:00', 'GMT+5', 'GMT5', 'UTC+5', 'Etc/GMT 5', '東京'])(
    'have none for %j: a guess would be hours off',
    (name) => {
      expect(suggestZones(name)).toEqual([]);
    },
  );

  it('have none for a text too long to be a name', () => {
    expect(suggestZones(`${'/'.repeat(55)}New_York`)).toEqual(['America/New_York']);
    expect(suggestZones(`${'/'.repeat(57)}New_York`)).toEqual([]);
  });

  it('are names of the data, whatever is asked', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: codeUnit }), fc.stringMatching(/^[A-Za-z/_ ]{0,20}$/)), (name) => {
        const suggestions = suggestZones(name);
        expect(suggestions.length).toBeLessThanOrEqual(3);
        expect(suggestions.every((each) => ZONE_RULES.names.includes(each))).toBe(true);
      }),
    );
  });
});
