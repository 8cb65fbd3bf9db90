import { Logger, type LoggerService } from '@nestjs/common';

/** What the product logs, from its first use until `forget`. */
export class LogLines implements LoggerService {
  private readonly lines: { readonly level: string; readonly message: string; readonly facts: object }[] = [];

  /** Takes the place of every logger of the process. */
  static listen(): LogLines {
    const lines = new LogLines();
    Logger.overrideLogger(lines);
    return lines;
  }

  log(message: string, facts: object): void {
    this.lines.push({ level: 'log', message, facts });
  }

  warn(message: string, facts: object): void {
    this.lines.push({ level: 'warn', message, facts });
  }

  error(message: string, facts: object): void {
    this.lines.push({ level: 'error', message, facts });
  }

  debug(): void {
    // Too many, and none of a decision.
  }

  /** The facts of every line with this message. */
  of(message: string): object[] {
    return this.lines.filter((line) => line.message === message).map(({ facts }) => facts);
  }

  /** Everything above `log`. */
  warnings(): string[] {
    return this.lines.filter(({ level }) => level !== 'log').map(({ message }) => message);
  }

  forget(): void {
    this.lines.length = 0;
  }
}
