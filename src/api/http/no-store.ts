import type { ServerResponse } from 'node:http';

/** A middleware: answers hold numbers and names of people, which no cache may keep. */
export const noStore = (_request: unknown, response: ServerResponse, next: () => void): void => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};
