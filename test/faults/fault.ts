import type { Random } from './random.js';
import type { World } from './world.js';

/** Something that goes wrong. */
export interface Fault {
  /** As in the table at the end, and for `--only`. */
  readonly name: string;
  /** Longest that a start may be late; after an outage, from its end. */
  readonly boundMs: number;
  /** Whether requests may be answered with 503, or find no connection. @default false */
  readonly mayRefuse?: boolean;
  /** Takes minutes: left out of the short form. @default false */
  readonly isLong?: boolean;
  /** Disturbs a world in which clients are at work. The world is healed afterwards. */
  run(world: World, random: Random): Promise<void>;
}
