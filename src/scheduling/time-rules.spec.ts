import { describe, expect, it } from '@jest/globals';
import type { WallTimeSchedule } from '../batch-jobs/time-rules.statements.js';
import { readAgain } from './time-rules.js';
import { TimezoneService } from './timezone.service.js';
import { ZoneRules } from './zone-rules.js';

const HOUR_MINUTES = 60;

/** A zone five hours behind UTC that sets its clocks an hour ahead, or back from that, at 07:00 UTC on 1 December 2026. */
const rules = (change: 'ahead' | 'back') =>
  new TimezoneService(
    new ZoneRules({
      dataVersion: '2027a',
      names: () => ['Test/Zone'],
      zone: (name) => ({
        name,
        utcOffset: (instantMs) => {
          const isAfter = instantMs >= Date.UTC(2026, 11, 1, 7);
          return (isAfter === (change === 'ahead') ? 4 : 5) * HOUR_MINUTES;
        },
      }),
    }),
  );

const schedule = (fields: Partial<WallTimeSchedule> = {}): WallTimeSchedule => ({
  batchJobId: 'batch_01ARZ3NDEKTSV4RRFFQ69G5FAV',
  revision: 3,
  startsAt: new Date('2026-12-01T14:00:00Z'),
  localTime: '2026-12-01T09:00:00',
  timezone: 'Test/Zone',
  disambiguation: 'compatible',
  tzdbVersion: '2026a',
  ...fields,
});

describe('a schedule read again by newer rules', () => {
  it('stays when its wall time means the same instant', () => {
    expect(readAgain(schedule(), rules('back'))).toMatchObject({ outcome: 'stays', isRefused: false });
  });

  it('moves when it means another, and keeps its wall time', () => {
    expect(readAgain(schedule(), rules('ahead'))).toMatchObject({
      outcome: 'moves',
      isRefused: false,
      resolved: { startsAt: new Date('2026-12-01T13:00:00Z'), localTime: '2026-12-01T09:00:00', tzdbVersion: '2027a' },
    });
  });

  // At 02:00 clocks jump to 03:00, or at 03:00 back to 02:00.
  const skipped = { localTime: '2026-12-01T02:30:00', startsAt: new Date('2026-12-01T07:30:00Z') };
  const repeated = { localTime: '2026-12-01T02:30:00', startsAt: new Date('2026-12-01T07:30:00Z') };

  it.each([
    ['compatible', '07:30'],
    ['earlier', '06:30'],
    ['later', '07:30'],
  ] as const)('takes a skipped time as its policy says: %s', (disambiguation, utc) => {
    expect(readAgain(schedule({ ...skipped, disambiguation }), rules('ahead'))).toMatchObject({
      isRefused: false,
      resolved: { startsAt: new Date(`2026-12-01T${utc}:00Z`) },
    });
  });

  it.each([
    ['compatible', '06:30'],
    ['earlier', '06:30'],
    ['later', '07:30'],
  ] as const)('takes a repeated time as its policy says: %s', (disambiguation, utc) => {
    expect(readAgain(schedule({ ...repeated, disambiguation }), rules('back'))).toMatchObject({
      isRefused: false,
      resolved: { startsAt: new Date(`2026-12-01T${utc}:00Z`) },
    });
  });

  it.each([
    ['skip', 'ahead', 'stays', skipped, '07:30'],
    ['repeat', 'back', 'moves', repeated, '06:30'],
  ] as const)(
    'is not refused when the rules %s a time that was to be rejected then',
    (_, change, outcome, given, utc) => {
      expect(readAgain(schedule({ ...given, disambiguation: 'reject' }), rules(change))).toMatchObject({
        outcome,
        isRefused: true,
        resolved: { startsAt: new Date(`2026-12-01T${utc}:00Z`) },
      });
    },
  );

  it.each([
    ['a zone that the rules do not know', { timezone: 'Test/Gone' }, 'invalid_timezone'],
    ['a wall time that cannot be read', { localTime: 'nine' }, 'invalid_datetime'],
  ])('tells %s instead of failing', (_, fields, code) => {
    expect(readAgain(schedule(fields), rules('back'))).toEqual({ outcome: 'unreadable', code });
  });
});
