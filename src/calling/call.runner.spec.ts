import { afterAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { collectGarbage } from '../../test/support/garbage.js';
import { anOutboundCall } from '../../test/support/outbound-call.js';
import { ACCEPTED, ScriptedDialer, type Script } from '../../test/support/scripted-dialer.js';
import { withDefaults } from '../shared/settings.js';
import { UnavailableError } from '../shared/unavailable.error.js';
import { CallRunner } from './call.runner.js';
import { WITHDRAWN } from './dialer.js';

Logger.overrideLogger(false);

let nowMs = 0;
const clock = jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
beforeEach(() => {
  nowMs = 0;
});
afterAll(() => clock.mockRestore());

const NEVER = new AbortController().signal;
const CALL = anOutboundCall();

interface Given {
  readonly script?: Script;
  /** How long the take takes. */
  readonly takeMs?: number;
  readonly isPermitted?: () => Promise<boolean>;
  readonly dialTimeoutSeconds?: number;
}

/** A runner on fakes, and what it did with them, in order. */
const setup = ({ script, takeMs = 0, isPermitted = async () => true, dialTimeoutSeconds = 5 }: Given = {}) => {
  const done: string[] = [];
  const note = (what: string) => async () => void done.push(what);
  const dialer = new ScriptedDialer(script ?? (() => ACCEPTED));
  const calls = {
    take: async () => {
      nowMs += takeMs;
      return CALL;
    },
    isPermitted: () => {
      done.push('asked');
      return isPermitted();
    },
    accept: note('accepted'),
  };
  const setbacks = { giveBack: note('given back'), note: note('noted') };
  const settings = withDefaults({ databaseUrl: '', redisUrl: '', apiKeyPepper: '', dialTimeoutSeconds });
  const runner = new CallRunner(calls as never, {} as never, setbacks as never, {} as never, dialer, settings);
  return { done, dialer, place: () => runner.place(CALL, NEVER) };
};

/** Of a dialer that waits for a connection: it asks when it is there. */
const afterWaiting =
  (ms: number): Script =>
  async (_call, _signal, isPermitted) => {
    nowMs += ms;
    return (await isPermitted()) ? ACCEPTED : WITHDRAWN;
  };

// Beyond what counts as right after the take (FRESH_MS).
const LONG_MS = 300;

describe('a call that was just handed out', () => {
  it('is placed, and nobody is asked once more', async () => {
    const { done, place } = setup({ script: afterWaiting(0) });
    await place();
    expect(done).toEqual(['accepted']);
  });
});

describe('a dialer that had to wait', () => {
  it('may send when the batch still runs', async () => {
    const { done, place } = setup({ script: afterWaiting(LONG_MS) });
    await place();
    expect(done).toEqual(['asked', 'accepted']);
  });

  it('sends nothing when it does not run any more', async () => {
    const { done, place } = setup({ script: afterWaiting(LONG_MS), isPermitted: async () => false });
    await place();
    expect(done).toEqual(['asked', 'given back']);
  });

  it('sends nothing when PostgreSQL cannot be asked', async () => {
    const isPermitted = async () => Promise.reject(new UnavailableError(new Error('away')));
    const { done, place } = setup({ script: afterWaiting(LONG_MS), isPermitted });
    await place();
    expect(done).toEqual(['asked', 'given back']);
  });
});

describe('a process that stood still after the take', () => {
  it('asks before it hands the call to the dialer', async () => {
    const { done, dialer, place } = setup({ takeMs: LONG_MS, isPermitted: async () => false });
    await place();
    expect(done).toEqual(['asked', 'given back']);
    expect(dialer.placed).toEqual([]);
  });
});

describe('the time for placing', () => {
  it('is over when it is over, also after a garbage collection, and the batch has a setback', async () => {
    const script: Script = (_call, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
    const { done, place } = setup({ script, dialTimeoutSeconds: 0.1 });
    const placing = place();
    await collectGarbage();
    await placing;
    expect(done).toEqual(['noted']);
  });
});
