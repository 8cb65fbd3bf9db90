import { beforeAll, it } from '@jest/globals';

/** Tests that mostly wait run at the same time, and each is reported by itself. */
export function atTheSameTime(scenarios: Readonly<Record<string, () => Promise<void>>>): void {
  const running = new Map<string, Promise<void>>();
  beforeAll(() => {
    for (const [name, run] of Object.entries(scenarios)) {
      const scenario = run();
      // Heard by its test, in its turn.
      scenario.catch(() => undefined);
      running.set(name, scenario);
    }
  });
  // oxlint-disable-next-line jest/expect-expect -- the scenarios expect
  it.each(Object.keys(scenarios))('%s', (name) => running.get(name));
}
