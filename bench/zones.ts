import { readFileSync } from 'node:fs';
import { fromZonedTime } from 'date-fns-tz';
import { Temporal } from 'temporal-polyfill';
import { TimezoneService } from '../src/scheduling/timezone.service.js';
import { bench } from './bench.js';
import { numberText, spreadOf, spreadText, type Spread } from './report.js';

const VECTORS = 'test/data/local-times.tsv';

/** A wall time of a zone, and the instant that it means under `compatible`, in milliseconds since 1970. */
interface Vector {
  readonly zone: string;
  readonly local: string;
  readonly instantMs: number;
}

function readVectors(): Vector[] {
  const [, ...lines] = readFileSync(VECTORS, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [zone, local, kind, earlier, later] = line.split('\t');
    // A skipped time is moved on, of a repeated one the first is meant.
    return { zone, local, instantMs: Date.parse(kind === 'gap' ? later : earlier) };
  });
}

const timezones = new TimezoneService();

/** Ways to the instant of a wall time, in milliseconds since 1970. */
const WAYS: Readonly<Record<string, { readonly processZone: string; resolve: (vector: Vector) => number }>> = {
  ours: {
    processZone: 'UTC',
    resolve: ({ zone, local }) => timezones.resolve({ startTime: local, timezone: zone }).startsAt.getTime(),
  },
  'date-fns-tz, process in UTC': {
    processZone: 'UTC',
    resolve: ({ zone, local }) => fromZonedTime(local, zone).getTime(),
  },
  'date-fns-tz, process in New York': {
    processZone: 'America/New_York',
    resolve: ({ zone, local }) => fromZonedTime(local, zone).getTime(),
  },
  'Temporal polyfill': {
    processZone: 'UTC',
    resolve: ({ zone, local }) => Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds,
  },
};

interface Way {
  readonly wrong: number;
  readonly perResolveUs: Spread;
}

function measure(name: string, vectors: readonly Vector[], rounds: number): Way {
  const { processZone, resolve } = WAYS[name];
  process.env.TZ = processZone;
  const answer = (vector: Vector): number => {
    try {
      return resolve(vector);
    } catch {
      return Number.NaN; // A zone that it does not know.
    }
  };
  // Also what fills caches and compiles: the rounds that are timed come after it.
  const wrong = vectors.filter((vector) => answer(vector) !== vector.instantMs).length;
  const times: number[] = [];
  while (times.length < rounds) {
    const begun = performance.now();
    for (const vector of vectors) answer(vector);
    times.push(((performance.now() - begun) * 1_000) / vectors.length);
  }
  return { wrong, perResolveUs: spreadOf(times) };
}

export const zones = bench({
  about: 'µs to find the instant of a wall time, and how many answers are wrong',
  options: { rounds: 9 },
  run: async ({ rounds }) => {
    const vectors = readVectors();
    const zoneBefore = process.env.TZ;
    const ways = Object.fromEntries(Object.keys(WAYS).map((name) => [name, measure(name, vectors, rounds)]));
    if (zoneBefore === undefined) delete process.env.TZ;
    else process.env.TZ = zoneBefore;
    return {
      tables: [
        {
          columns: ['way', 'µs', `wrong of ${numberText(vectors.length)}`],
          rows: Object.entries(ways).map(([name, way]) => [name, spreadText(way.perResolveUs, 1), way.wrong]),
        },
      ],
      notes: [`Rules: ours ${timezones.tzdbVersion}, the runtime's ${process.versions.tz}.`],
      figures: ways,
      faults: ways.ours.wrong > 0 ? [`${ways.ours.wrong} answers of ours are wrong.`] : [],
    };
  },
});
