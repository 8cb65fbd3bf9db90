import { createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'bj_live_';
const SECRET_BYTES = 32;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

// log62(256^32) and log62(2^32), rounded up: the widths that hold any secret and any checksum.
const SECRET_DIGITS = 43;
const CHECKSUM_DIGITS = 6;

const KEY = new RegExp(`^${PREFIX}([0-9A-Za-z]{${SECRET_DIGITS}})([0-9A-Za-z]{${CHECKSUM_DIGITS}})$`);

const base62 = (value: bigint, width: number): string => {
  let digits = '';
  for (let rest = value; digits.length < width; rest /= 62n) digits = DIGITS[Number(rest % 62n)] + digits;
  return digits;
};

const checksum = (secret: string): string => base62(BigInt(crc32(PREFIX + secret)), CHECKSUM_DIGITS);

/**
 * Makes a key: `bj_live_`, 32 random bytes in base62, and their CRC-32. The prefix lets secret scanners find it, the
 * checksum lets a mistyped key be refused without a look into the database.
 */
export const newApiKey = (): string => {
  const secret = base62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_DIGITS);
  return PREFIX + secret + checksum(secret);
};

/** True for what was made by `newApiKey`, as far as its form tells. */
export const isApiKey = (text: string): boolean => {
  const [, secret, sum] = KEY.exec(text) ?? [];
  return secret !== undefined && checksum(secret) === sum;
};

// 8 of 43 digits: enough to tell millions of keys apart; 208 of 256 bits stay unknown.
const SHOWN_DIGITS = 8;

/** What of a key may be shown, and kept, to find it by: the prefix and eight characters. */
export const beginningOf = (key: string): string => key.slice(0, PREFIX.length + SHOWN_DIGITS);

/** HMAC-SHA-256 under the pepper: a stolen table is useless without it. 32 bytes. */
export const hashApiKey = (key: string, pepper: string): Buffer => createHmac('sha256', pepper).update(key).digest();
