import { describe, expect, it } from '@jest/globals';
import { hashApiKey, isApiKey, newApiKey } from './api-key.format.js';

describe('an API key', () => {
  it('is recognised by its form, and is another each time', () => {
    const keys = Array.from({ length: 500 }, newApiKey);

    expect(keys.every(isApiKey)).toBe(true);
    expect(new Set(keys).size).toBe(500);
    expect(keys.every((key) => /^bj_live_[0-9A-Za-z]{49}$/.test(key))).toBe(true);
  });

  it('is refused with any one character changed, left out or added', () => {
    const key = newApiKey();
    for (let at = 0; at < key.length; at += 1) {
      const other = key[at] === 'x' ? 'y' : 'x';
      expect(isApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
      expect(isApiKey(key.slice(0, at) + key.slice(at + 1))).toBe(false);
    }
    expect(isApiKey(`${key} `)).toBe(false);
    expect(isApiKey('')).toBe(false);
  });

  it('is hashed under the pepper, to 32 bytes', () => {
    const key = newApiKey();

    expect(hashApiKey(key, 'one')).toHaveLength(32);
    expect(hashApiKey(key, 'one')).toEqual(hashApiKey(key, 'one'));
    expect(hashApiKey(key, 'one')).not.toEqual(hashApiKey(key, 'two'));
  });
});
