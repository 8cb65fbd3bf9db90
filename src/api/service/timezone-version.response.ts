import { Shown } from '../http/fields.js';

export class TimezoneVersionResponse {
  @Shown('Version of the zone rules that starts are computed with.', { example: '2026f' }) readonly tzdbVersion: string;
  @Shown('Version inside Node.js; not used.', { example: '2025c' }) readonly runtimeTzdbVersion: string;
}
