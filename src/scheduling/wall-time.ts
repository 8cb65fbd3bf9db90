import type { Disambiguation, ResolvedSchedule } from '../batch-jobs/schedule.js';
import { formatLocalStartTime, formatLocalTime, formatUtcOffset } from './local-time.js';
import { InvalidDatetimeError } from './schedule.errors.js';
import { readWallTime, type Reading, type Zone } from './zone-rules.js';

/** The instant chosen for a wall time, and how. */
export interface Chosen extends Pick<ResolvedSchedule, 'resolution' | 'disambiguation' | 'warnings'> {
  readonly instantMs: number;
}

const SIDES = ['earlier', 'later'] as const;
type Side = (typeof SIDES)[number];

/** A wall time in its zone, and the instants it may mean. */
export class WallTime {
  readonly localTime: string;
  private readonly reading: Reading;

  /** @param wallMs the instant at which a clock in UTC shows the wall time */
  constructor(
    private readonly wallMs: number,
    private readonly zone: Zone,
  ) {
    this.localTime = formatLocalTime(wallMs);
    this.reading = readWallTime(wallMs, zone);
  }

  /** @throws invalid_datetime  skipped or repeated, and the policy is to reject that */
  choose(disambiguation: Disambiguation): Chosen {
    const { resolution, earlierMs } = this.reading;
    if (resolution === 'exact') return { instantMs: earlierMs, resolution, disambiguation, warnings: [] };
    if (disambiguation === 'reject') throw this.refusal();

    const side = disambiguation === 'compatible' ? (resolution === 'gap' ? 'later' : 'earlier') : disambiguation;
    return { instantMs: this.instantMs(side), resolution, disambiguation, warnings: [this.warning(side)] };
  }

  /**
   * Chooses by the offset stated beside the wall time. In an overlap it picks the side, which then is the policy too.
   *
   * Offsets are compared as they are printed, in whole minutes.
   *
   * @throws invalid_datetime  the zone does not have this offset at this wall time; in a gap it has none
   */
  chooseByOffset(offsetMs: number, disambiguation: Disambiguation): Chosen {
    const stated = formatUtcOffset(offsetMs);
    const { resolution } = this.reading;
    const side = resolution === 'gap' ? undefined : SIDES.find((each) => this.utcOffset(each) === stated);
    if (!side) throw this.mismatch(stated);

    const policy = resolution === 'overlap' ? side : disambiguation;
    return { instantMs: this.instantMs(side), resolution, disambiguation: policy, warnings: [] };
  }

  private instantMs(side: Side): number {
    return side === 'earlier' ? this.reading.earlierMs : this.reading.laterMs;
  }

  private utcOffset(side: Side): string {
    return formatUtcOffset(this.wallMs - this.instantMs(side));
  }

  private startTime(side: Side): string {
    return formatLocalStartTime(this.instantMs(side), this.zone);
  }

  private warning(side: Side): string {
    return this.reading.resolution === 'gap'
      ? `${this.localTime} does not exist in ${this.zone.name}, where clocks skip it; ${this.startTime(side)} was taken instead.`
      : `${this.localTime} happens twice in ${this.zone.name}; the ${side} one, ${this.startTime(side)}, was taken.`;
  }

  private refusal(): InvalidDatetimeError {
    const suggestions = SIDES.map((side) => this.startTime(side));
    return this.reading.resolution === 'gap'
      ? new InvalidDatetimeError(
          'nonexistent_local_time',
          `${this.localTime} does not exist in ${this.zone.name}, where clocks skip it.`,
          { suggestions },
        )
      : new InvalidDatetimeError('ambiguous_local_time', `${this.localTime} happens twice in ${this.zone.name}.`, {
          suggestions,
        });
  }

  private mismatch(stated: string): InvalidDatetimeError {
    return new InvalidDatetimeError(
      'offset_mismatch',
      `${this.zone.name} does not have the offset ${stated} at ${this.localTime}.`,
      { suggestions: [...new Set(SIDES.map((side) => this.startTime(side)))] },
    );
  }
}
