import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { openSpools } from '../../../test/support/open-spools.js';
import type { NewContact } from './contact-list.model.js';
import { contactsOf, ContactSpool, SPOOL_PREFIX } from './contact-spool.js';

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

const read = async (spool: ContactSpool): Promise<NewContact[]> => {
  const list: NewContact[] = [];
  for await (const contact of contactsOf(spool.blocks())) list.push(contact);
  return list;
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
    expect(await read(spool)).toEqual(list);
    expect(await read(spool)).toEqual(list);
    await spool.close();
    expect(openSpools()).toBe(before);
  });

  it('gives blocks that one statement can carry, and says how many contacts each has', async () => {
    const spool = await spoolOf([...contacts(4_500, 60), ...contacts(20, 100_000), ...contacts(10, 60)]);
    const sizes: { contacts: number; bytes: number }[] = [];
    for await (const { contacts: count, lines } of spool.blocks()) {
      expect(lines.toString().split('\n')).toHaveLength(count);
      sizes.push({ contacts: count, bytes: lines.length });
    }
    await spool.close();
    expect(sizes.reduce((sum, size) => sum + size.contacts, 0)).toBe(4_530);
    expect(sizes.filter(({ contacts: count, bytes }) => count > 1 && bytes > 65_536)).toEqual([]);
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
    const blocks = spool.blocks();
    expect((await blocks.next()).done).toBe(false);
    await spool.close();
    await expect(blocks.next()).rejects.toThrow('was closed');
  });

  it('opens nothing any more once it is closed, be it while it opens its file', async () => {
    const before = openSpools();
    const spool = new ContactSpool();
    for (const contact of contacts(20_000, 150)) spool.add(contact);
    const flushed = Promise.allSettled([spool.flush()]);
    await spool.close();
    expect(await flushed).toMatchObject([{ status: 'rejected' }]);
    for (const contact of contacts(20_000, 150)) spool.add(contact);
    await expect(spool.flush()).rejects.toThrow('was closed');
    expect(openSpools()).toBe(before);
  });

  it('says so when there is no room', async () => {
    const spool = new ContactSpool(() => Promise.reject(new Error('ENOSPC')));
    for (const contact of contacts(20_000, 150)) spool.add(contact);
    await expect(spool.end()).rejects.toMatchObject({ code: 'unavailable' });
    await spool.close();
  });
});
