/**
 * Resolves every row of test/data/local-times.tsv with the compiled code, in a process of its own whose `TZ` the parent
 * chose. Prints one JSON object: when 2026 began on the process's clock, which tells whether `TZ` took effect, the number
 * of rows, and the wrong ones.
 */
import { readFileSync } from 'node:fs';
import { TimezoneService } from '../../dist/src/scheduling/timezone.service.js';

const timezones = new TimezoneService();
const rows = readFileSync(new URL('../data/local-times.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t'));

const wrong = rows.filter(([timezone, startTime, kind, earlier, later]) => {
  const expected = { earlier, later, compatible: kind === 'gap' ? later : earlier };
  return !Object.entries(expected).every(([disambiguation, utc]) => {
    const { startsAt, resolution, localTime } = timezones.resolve({ startTime, timezone, disambiguation });
    const { startsAt: again } = timezones.resolve({ startTime: timezones.localStartTime(startsAt, timezone) });
    const instant = new Date(utc).getTime();
    return (
      startsAt.getTime() === instant && again.getTime() === instant && resolution === kind && localTime === startTime
    );
  });
});

const localNewYear = new Date(2026, 0, 1);
process.stdout.write(JSON.stringify({ localNewYear: localNewYear.toISOString(), rows: rows.length, wrong }));
