import { describe, expect, it } from '@jest/globals';
import { isOutage, isWorthRetrying, isWriteRefusal } from './sql-state.js';

describe('a SQLSTATE', () => {
  it.each([
    ['25006', 'read-only'],
    ['42501', 'may not be written'],
    ['53100', 'the disk is full'],
    ['58000', 'a failing system'],
    ['58030', 'a failing disk'],
    ['58P01', 'a file is gone'],
  ])('%s (%s) is an outage in which nothing is written', (sqlState) => {
    expect([isOutage(sqlState), isWriteRefusal(sqlState), isWorthRetrying(sqlState)]).toEqual([true, true, false]);
  });

  it.each([null, '08006', '53200', '53300', '57014', '57P01', '57P02', '57P03', '55P03', '25P03', '25P04', 'XX000'])(
    '%s is another outage',
    (sqlState) => {
      expect([isOutage(sqlState), isWriteRefusal(sqlState)]).toEqual([true, false]);
    },
  );

  it.each(['23505', '22P02', '42P01', '42601', '25P02', '54000', 'P0001'])(
    '%s is the fault of a statement',
    (sqlState) => {
      expect([isOutage(sqlState), isWorthRetrying(sqlState)]).toEqual([false, false]);
    },
  );
});
