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
    ['G.M.T.', ['GMT']],
  ])('take %s for %j', (name, expected) => {
    expect(suggestZones(name)).toEqual(expected);
  });

  it.each([
    // Names of Windows, of CLDR, and as people say them.
    ['Pacific Standard Time', ['America/Los_Angeles']],
    ['Pacific Time', ['America/Los_Angeles']],
    ['pacific daylight time', ['America/Los_Angeles']],
    ['Eastern Standard Time', ['America/New_York']],
    ['Eastern', ['America/New_York']],
    ['Easten Standard Time', ['America/New_York']],
    ['Central Time', ['America/Chicago']],
    ['Mountain Time', ['America/Denver']],
    ['US Mountain Standard Time', ['America/Phoenix']],
    ['Atlantic Standard Time', ['America/Halifax']],
    ['Hawaiian Standard Time', ['Pacific/Honolulu']],
    ['India Standard Time', ['Asia/Kolkata']],
    ['India', ['Asia/Kolkata']],
    ['Nepal Standard Time', ['Asia/Kathmandu']],
    ['FLE Standard Time', ['Europe/Kiev']],
    ['Argentina Standard Time', ['America/Argentina/Buenos_Aires']],
    ['AUS Eastern Standard Time', ['Australia/Sydney']],
    ['GMT Standard Time', ['Europe/London']],
    ['British Summer Time', ['Europe/London']],
    ['Irish Standard Time', ['Europe/Dublin']],
    ['Coordinated Universal Time', ['UTC']],
    ['Greenwich Mean Time', ['GMT']],
    // Abbreviations: a zone for each of their meanings.
    ['PST', ['America/Los_Angeles', 'Asia/Manila', 'Pacific/Pitcairn']],
    ['PDT', ['America/Los_Angeles']],
    ['P.T.', ['America/Los_Angeles']],
    ['EDT', ['America/New_York']],
    ['CST', ['America/Chicago', 'America/Mexico_City', 'Asia/Shanghai']],
    ['AEST', ['Australia/Sydney', 'Australia/Brisbane']],
    ['aedt', ['Australia/Sydney']],
    ['IST', ['Asia/Kolkata', 'Asia/Jerusalem', 'Europe/Dublin']],
    ['BST', ['Europe/London', 'Asia/Dhaka', 'Pacific/Bougainville']],
    ['CEST', ['Europe/Paris']],
    ['EEST', ['Europe/Athens']],
    ['JST', ['Asia/Tokyo']],
    ['PKT', ['Asia/Karachi']],
    // Cities that no zone is called after, in the region given or another.
    ['Asia/Mumbai', ['Asia/Kolkata']],
    ['Mumbai', ['Asia/Kolkata']],
    ['Asia/Bengaluru', ['Asia/Kolkata']],
    ['America/Miami', ['America/New_York']],
    ['US/Miami', ['America/New_York']],
    ['Miami, Florida', ['America/New_York']],
    ['San Francisco', ['America/Los_Angeles']],
    ['America/Houston', ['America/Chicago']],
    ['Asia/Beijing', ['Asia/Shanghai']],
    ['Europe/Munich', ['Europe/Berlin']],
    ['Tel Aviv', ['Asia/Tel_Aviv']],
    ['Birmingham', ['Europe/London', 'America/Chicago']],
    ['US/Birmingham', ['America/Chicago', 'Europe/London']],
    ['America/London', ['America/Toronto']],
    ['Asia/London', ['Europe/London']],
  ])('name for %j what is meant: %j', (name, expected) => {
    expect(suggestZones(name).slice(0, expected.length)).toEqual(expected);
  });

  it('put the nearest first, and are three at most', () => {
    expect(suggestZones('US-Eastern')[0]).toBe('US/Eastern');
    expect(suggestZones('America/Caraca')).toEqual(['America/Caracas', 'America/Curacao', 'America/Aruba']);
  });

  it.each([
    '',
    'local',
    'constructor',
    'XYZT',
    'time',
    'Invalid/Timezone',
    '+05:00',
    'GMT+5',
    'GMT5',
    'UTC+5',
    'Etc/GMT 5',
    '東京',
  ])('have none for %j: a guess would be hours off', (name) => {
    expect(suggestZones(name)).toEqual([]);
  });

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
