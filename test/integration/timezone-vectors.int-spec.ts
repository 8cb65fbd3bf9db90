import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** `TZ` cannot be changed reliably inside a running process, so each zone gets a process of its own. */
const resolveAllIn = async (processZone: string): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(process.execPath, ['test/support/timezone-vectors.js'], {
    env: { ...process.env, TZ: processZone },
  });
  return JSON.parse(stdout);
};

describe('all wall times of the vectors', () => {
  it.each([
    ['UTC', '2026-01-01T00:00:00.000Z'],
    ['America/New_York', '2026-01-01T05:00:00.000Z'],
    ['Asia/Kathmandu', '2025-12-31T18:15:00.000Z'],
    ['Australia/Lord_Howe', '2025-12-31T13:00:00.000Z'],
  ])('mean the same instants in a process whose own zone is %s', async (processZone, localNewYear) => {
    expect(await resolveAllIn(processZone)).toEqual({ localNewYear, rows: 2621, wrong: [] });
  });
});
