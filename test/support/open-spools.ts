import { readdirSync, readlinkSync } from 'node:fs';
import { SPOOL_PREFIX } from '../../src/batch-jobs/contact-list/contact-spool.js';

/** How many files of contact lists this process has open. They have no name any more, so this asks Linux. */
export const openSpools = (): number => readdirSync('/proc/self/fd').filter(isSpool).length;

const isSpool = (descriptor: string): boolean => {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).includes(SPOOL_PREFIX);
  } catch {
    return false; // the one that the folder was read by
  }
};
