import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { openSpools } from '../../../test/support/open-spools.js';
import type { NewContact } from './contact-list.model.js';
import { ContactSpool, SPOOL_PREFIX } from './contact-spool.js';

/** As many contacts as asked for, each of about so many bytes. */
const contacts = (count: number, bytes: number): NewContact[] =>
  Array.from({ length: count }, (_, at) => {
    const phoneNumber = `+1415${2_000_000 + at}`;
    return { phoneNumber, contactData: JSON.stringify({ phone: phoneNumber, note: 'é\n😀{'.padEnd(bytes - 40, 'x') }) };
  });

const spoolOf = async (list: readonly NewContact[]): Promise<ContactSpool> => {
  const spool = new ContactSpool();
  for (const [at, contact] of list.entries()) {
    spool.add(contact);
    if (at % 100 === 0) await spool.flush();
  }
  await spool.end();
  return spool;
};

const read = async (spool: ContactSpool): Promise<NewContact[][]> => {
  const pieces: NewContact[][] = [];
  for await (const piece of spool.pieces()) pieces.push([...piece]);
  return pieces;
};

const namesInFolder = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith(SPOOL_PREFIX));

describe('ContactSpool', () => {
  it.each([
    ['nothing', 0, 100, 0],
    ['one contact', 1, 100, 0],
    ['what fits into memory', 5_000, 150, 0],
    ['more than that', 20_000, 150, 1],
    ['a few that are large', 30, 200_000, 1],
  ])('gives back %s as it was, in order, as often as asked', async (_what, count, bytes, files) => {
    const before = openSpools();
    const list = contacts(count, bytes);

    const spool = await spoolOf(list);

    expect(openSpools() - before).toBe(files);
    expect(namesInFolder()).toEqual([]);
    expect((await read(spool)).flat()).toEqual(list);
    expect((await read(spool)).flat()).toEqual(list);
    await spool.close();
    expect(openSpools()).toBe(before);
  });

  it('gives pieces that one statement can carry', async () => {
    const spool = await spoolOf([...contacts(4_500, 60), ...contacts(20, 100_000)]);
    const sizes = (await read(spool)).map((piece) => ({
      contacts: piece.length,
      characters: piece.reduce((sum, { contactData }) => sum + contactData.length, 0),
    }));
    await spool.close();
    expect(Math.max(...sizes.map((size) => size.contacts))).toBeLessThanOrEqual(2_000);
    expect(Math.max(...sizes.map((size) => size.characters))).toBeLessThan(256 * 1024 + 100_000);
  });

  it('may be closed twice, and is not read any more', async () => {
    for (const count of [10, 20_000]) {
      const spool = await spoolOf(contacts(count, 150));
      await Promise.all([spool.close(), spool.close()]);
      await expect(read(spool)).rejects.toThrow('was closed');
    }
  });

  it('is not read any further when it is closed meanwhile', async () => {
    const spool = await spoolOf(contacts(20_000, 150));
    const pieces = spool.pieces();
    expect((await pieces.next()).done).toBe(false);
    await spool.close();
    await expect(pieces.next()).rejects.toThrow('was closed');
  });

  it('says so when there is no room', async () => {
    const spool = new ContactSpool(() => Promise.reject(new Error('ENOSPC')));
    for (const contact of contacts(20_000, 150)) spool.add(contact);
    await expect(spool.end()).rejects.toMatchObject({ code: 'unavailable' });
    await spool.close();
  });
});
