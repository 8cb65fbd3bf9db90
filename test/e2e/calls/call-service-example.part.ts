import { describe, expect, it } from '@jest/globals';
import { HttpDialer } from '../../../src/calling/dialers/http.dialer.js';
import { packageFile } from '../../../src/shared/package-file.js';
import { freePort, Program } from '../../support/programs.js';
import { callOf, contactIn, endLeases, startBatch } from '../../support/running-batch.js';
import { TestApp } from '../../support/test-app.js';

describe('call service example', () => {
  const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

  describe('examples/call-service.mjs', () => {
    it('takes calls, refuses one, reports, and says what became of them', async () => {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/calls`;
      const app = await TestApp.start({ dialer: new HttpDialer({ url, secret: SECRET }), consumeQueues: true });
      const service = Program.run(packageFile('examples/call-service.mjs'), [], {
        PORT: String(port),
        HTTP_DIALER_SECRET: SECRET,
        JOBS_URL: app.url,
        API_KEY: await app.keyWith(['calls:report']),
      });
      try {
        await service.says(/listens/);
        expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(401);

        const id = await startBatch(app, [{ phone: '+12025550123' }]);
        await service.says(/calling somebody/);
        expect(await contactIn(app, id, 'completed')).toMatchObject({ callDuration: 3, roomName: 'example' });

        const premium = await startBatch(app, [{ phone: '+19005550123' }]);
        expect(await contactIn(app, premium, 'blocked')).toMatchObject({ failureReason: 'premium_number' });
      } finally {
        await service.end('SIGTERM');
        await app.stop();
      }
    });

    it('says that its report was refused, and tells the outcome when it is asked for', async () => {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/calls`;
      const app = await TestApp.start({ dialer: new HttpDialer({ url, secret: SECRET }), consumeQueues: true });
      const service = Program.run(packageFile('examples/call-service.mjs'), [], {
        PORT: String(port),
        HTTP_DIALER_SECRET: SECRET,
        JOBS_URL: app.url,
        API_KEY: 'a key that is refused',
      });
      try {
        await service.says(/listens/);
        const id = await startBatch(app, [{ phone: '+12025550123' }]);
        await callOf(app, id);
        await service.says(/calling somebody/);
        await service.says(/report refused: .*"code":"invalid_api_key"/);
        // While it goes on the lease is extended; each round here ends it again.
        const ending = setInterval(() => void endLeases(app), 500);
        expect(await contactIn(app, id, 'completed').finally(() => clearInterval(ending))).toMatchObject({
          callDuration: 3,
        });
      } finally {
        await service.end('SIGTERM');
        await app.stop();
      }
    });
  });
});
