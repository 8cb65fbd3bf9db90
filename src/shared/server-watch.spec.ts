import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { LogLines } from '../../test/support/log-lines.js';
import { ServerWatch } from './server-watch.js';

const setup = () => {
  const log = LogLines.listen();
  return { watch: new ServerWatch('redis', new Logger('test')), log };
};

describe('ServerWatch', () => {
  it('says once that a server is away, and once that it is back', () => {
    const { watch, log } = setup();
    watch.noteSilence({ what: 'add' });
    watch.noteSilence({ what: 'list' });
    expect(watch.state).toBe('down');

    watch.noteAnswer();
    watch.noteWrite();

    expect(watch.state).toBe('up');
    expect(log.of('redis is away')).toEqual([{ what: 'add' }]);
    expect(log.of('redis is back')).toHaveLength(1);
  });

  it('does not take an answer for a write, nor one write for all, nor a moment without a connection for an absence', () => {
    const { watch, log } = setup();
    watch.noteRefusal({ reason: 'OOM' });
    watch.noteRefusal({ reason: 'OOM' });

    watch.noteAnswer();
    watch.noteWrite();
    watch.noteSilence({});

    expect(watch.state).toBe('refuses_writes');
    expect(log.of('redis refuses writes')).toEqual([{ reason: 'OOM' }]);
    expect([...log.of('redis is back'), ...log.of('redis is away')]).toEqual([]);
  });
});
