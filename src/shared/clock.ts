import { Injectable } from '@nestjs/common';

/** The current time of this process. The one place in `src/` that reads it: everything else asks for a `Clock`. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }

  /** The instant that a number of milliseconds since 1970 stands for. */
  at(epochMs: number): Date {
    return new Date(epochMs);
  }
}
