import moment from 'moment-timezone';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ZoneRules, type ZoneData } from '../../src/scheduling/zone-rules.js';

interface PackedData {
  readonly version: string;
  /** `'America/Vancouver|PST PDT …|…'`. */
  readonly zones: readonly string[];
  /** `'America/Vancouver|Canada/Pacific'`: the second is another name of the first. */
  readonly links: readonly string[];
}

const nameOf = (packed: string): string => packed.slice(0, packed.indexOf('|'));

/**
 * The data of a package, without its code: two versions of that would share one `moment`, and the one loaded last would
 * answer for both.
 */
const zoneData = ({ version, zones, links }: PackedData): ZoneData => {
  const packed = new Map(zones.map((zone) => [nameOf(zone), zone]));
  for (const link of links) packed.set(link.slice(link.indexOf('|') + 1), packed.get(nameOf(link)) ?? '');
  return {
    dataVersion: version,
    names: () => [...packed.keys()].toSorted(),
    zone: (name) => {
      const found = packed.get(name);
      if (found === undefined) return null;
      const { untils, offsets } = moment.tz.unpack(found);
      return { name, utcOffset: (instantMs) => offsets[untils.findIndex((until) => !(instantMs >= until))] };
    },
  };
};

const packedFile = createRequire(import.meta.url).resolve('moment-timezone-2026a/data/packed/latest.json');

/** IANA 2026a: before British Columbia gave up changing its clocks, which 2026b knows. */
export const RULES_2026A = new ZoneRules(zoneData(JSON.parse(readFileSync(packedFile, 'utf8')) as PackedData));
