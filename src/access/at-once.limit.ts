import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS, type Settings } from '../shared/settings.js';
import { TooManyAtOnceError } from './access.errors.js';

/** How much of one kind a key, and all keys together, may have in progress in this process. */
class AtOnceLimit {
  private readonly ofKeys = new Map<string, number>();
  private total = 0;

  /** @param what in the plural, for whoever is refused */
  constructor(
    private readonly what: string,
    private readonly perKey: number,
    private readonly overall: number,
  ) {}

  /**
   * @returns gives the place back; to be called once
   * @throws too_many_at_once  the key, or the service, has as many as may be
   */
  take(keyId: string): () => void {
    const ofKey = this.ofKeys.get(keyId) ?? 0;
    if (ofKey >= this.perKey) throw new TooManyAtOnceError(this.what, this.perKey, 'key');
    if (this.total >= this.overall) throw new TooManyAtOnceError(this.what, this.overall, 'service');
    this.count(keyId, 1);
    return () => this.count(keyId, -1);
  }

  private count(keyId: string, change: 1 | -1): void {
    this.total += change;
    const ofKey = (this.ofKeys.get(keyId) ?? 0) + change;
    if (ofKey === 0) this.ofKeys.delete(keyId);
    else this.ofKeys.set(keyId, ofKey);
  }
}

/** Contact lists that are being read: each keeps up to 1 MB in memory, for as long as its client takes. */
@Injectable()
export class UploadLimit extends AtOnceLimit {
  constructor(@Inject(SETTINGS) { maxUploadsPerKey, maxUploads }: Settings) {
    super('uploads', maxUploadsPerKey, maxUploads);
  }
}

/** Streams of events that are open: each asks the database for its key every 15 s, and its job once a second. */
@Injectable()
export class EventStreamLimit extends AtOnceLimit {
  constructor(@Inject(SETTINGS) { maxEventStreamsPerKey, maxEventStreams }: Settings) {
    super('event streams', maxEventStreamsPerKey, maxEventStreams);
  }
}
