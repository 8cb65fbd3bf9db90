import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { readForm } from './form-reader.js';

describe('readForm', () => {
  it('is rejected when what reads the file throws at once', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const request = Object.assign(new PassThrough(), { headers });
    const reading = readForm(request as unknown as IncomingMessage, 1_000, () => {
      throw new Error('no disk');
    });
    request.end('--b\r\nContent-Disposition: form-data; name="file"; filename="c"\r\n\r\nx\r\n--b--\r\n');
    await expect(reading).rejects.toThrow('no disk');
  });
});
