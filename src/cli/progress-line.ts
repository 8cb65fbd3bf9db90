/** What is known of the job, as its events tell it. */
export interface WatchedJob {
  readonly status: string;
  readonly failureReason: string | null;
  /** Absent from an older service. */
  readonly pauseReason?: string | null;
  readonly totalContacts: number;
  readonly contactsProcessed: number;
  readonly statusBreakdown: Readonly<Record<string, number>>;
  /** RFC 3339 UTC; null while nobody can say. */
  readonly estimatedCompletionTime: string | null;
}

const BAR_LENGTH = 24;

/** `running [██████░░░░░░░░░░░░░░░░░░]  25% 247/988 · done about 2027-03-01T16:22:20Z · pending 741, completed 247` */
export const toLine = (job: WatchedJob): string => {
  const {
    status,
    failureReason,
    pauseReason,
    totalContacts,
    contactsProcessed,
    statusBreakdown,
    estimatedCompletionTime,
  } = job;
  const why = failureReason ?? pauseReason ?? null;
  const share = totalContacts > 0 ? contactsProcessed / totalContacts : 0;
  const full = Math.floor(share * BAR_LENGTH);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_LENGTH - full);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const counts = Object.entries(statusBreakdown)
    .filter(([, contacts]) => contacts > 0)
    .map(([name, contacts]) => `${name} ${contacts}`);
  return [
    `${why === null ? status : `${status} (${why})`} [${bar}] ${percent} ${contactsProcessed}/${totalContacts}`,
    estimatedCompletionTime && `done about ${toSeconds(estimatedCompletionTime)}`,
    counts.join(', '),
  ]
    .filter(Boolean)
    .join(' · ');
};

const toSeconds = (instant: string): string => instant.replace(/\.\d+Z$/, 'Z');

/** Where the line is shown: a terminal has it redrawn in place, anything else gets a line for each change. */
export class Display {
  private shown = '';

  constructor(private readonly out: NodeJS.WriteStream) {}

  show(line: string): void {
    if (line === this.shown) return;
    this.shown = line;
    const { isTTY, columns } = this.out;
    // A line that wraps could not be redrawn.
    this.out.write(isTTY ? `\r\u{1b}[2K${line.slice(0, Math.max(1, columns - 1))}` : `${line}\n`);
  }

  /** Leaves the last line where it is. */
  end(): void {
    if (this.out.isTTY && this.shown !== '') this.out.write('\n');
  }
}
