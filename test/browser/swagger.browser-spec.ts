import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { OrganizationsService } from '../../src/access/organizations.service.js';
import { packageFile } from '../../src/shared/package-file.js';
import { TestApp } from '../support/test-app.js';
import { startChromium } from './chromium.js';
import { SwaggerPage } from './swagger.page.js';

// A browser on a busy machine with two processors; a page is ready within a second on an idle one.
jest.setTimeout(60_000);

let app: TestApp;
let browser: BrowserContext;
let page: Page;
let swagger: SwaggerPage;
beforeAll(async () => {
  browser = await startChromium();
  app = await TestApp.start();
  // The examples of the document are sent as they are: they name the demo's number, and a start in 2027.
  await app.setNow('2027-02-20T00:00:00Z');
  await app.app.get(OrganizationsService, { strict: false }).addPhoneNumber({
    id: 'phone_demo',
    organizationId: 'org_a',
    phoneNumber: '+12025550100',
    outboundAgent: { id: 'agent_demo', channel: 'voice' },
  });
});
afterAll(async () => {
  await browser?.close();
  await app?.stop();
});

beforeEach(async () => {
  page = await browser.newPage();
  swagger = new SwaggerPage(page, app.url);
});
afterEach(async () => {
  await page.evaluate('localStorage.clear()'); // the key of the test before
  await page.close();
  if (swagger.faults.length > 0) throw new Error(`the page is at fault:\n${swagger.faults.join('\n')}`);
});

describe('Swagger UI', () => {
  it('shows every operation', async () => {
    await swagger.open();

    const { paths } = (await app.get('/docs/openapi.json', null)).body as { paths: Record<string, object> };
    const shown = await page.locator('.opblock-summary-path').allInnerTexts();
    expect(shown.toSorted()).toEqual(
      Object.entries(paths)
        .flatMap(([path, methods]) => Object.keys(methods).map(() => path))
        .toSorted(),
    );
    expect(await page.title()).toBe('batch-jobs');
  });

  it('creates a job by JSON, as it is shown', async () => {
    await swagger.open();
    await swagger.authorize('bearer', app.key);
    const create = await swagger.expand('create');

    const { status, body } = await swagger.execute(create);

    expect({ status, body }).toMatchObject({
      status: '200',
      body: { status: 'scheduled', scheduledStartTime: '2027-03-01T15:00:00Z', totalContacts: 2 },
    });
  });

  it('creates a job by JSON after a look at the form', async () => {
    await swagger.open();
    await swagger.authorize('bearer', app.key);
    const create = await swagger.expand('create');
    await swagger.chooseBody(create, 'multipart/form-data');
    await create.locator('input[type=file]').waitFor();
    await swagger.chooseBody(create, 'application/json');

    const { status, body } = await swagger.execute(create);

    expect({ status, body }).toMatchObject({ status: '200', body: { status: 'scheduled', totalContacts: 2 } });
  });

  it('creates a job by CSV', async () => {
    await swagger.open();
    await swagger.authorize('x-api-key', app.key);
    const create = await swagger.expand('create');
    await swagger.chooseBody(create, 'multipart/form-data');
    await create.locator('input[type=file]').setInputFiles(packageFile('examples/contacts.csv'));

    const { status, body } = await swagger.execute(create);

    expect({ status, body }).toMatchObject({ status: '200', body: { success: true, status: 'scheduled' } });
    expect(body.totalContacts).toBeGreaterThan(900);
    expect(await app.get(`/batch/jobs/${body.batchJobId}`)).toMatchObject({
      body: { name: 'March reminders', contactsTotal: body.totalContacts },
    });
  });

  it('reschedules a job to the wall time of a zone', async () => {
    const id = await app.create();
    await swagger.open();
    await swagger.authorize('bearer', app.key);
    const reschedule = await swagger.expand('reschedule');
    await reschedule.locator('tr[data-param-name="batch_job_id"] input').fill(id);
    await reschedule.locator('tr[data-param-name="scheduledStartTime"] input').fill('2027-03-15T10:00:00');
    await reschedule.locator('tr[data-param-name="timezone"] input').fill('America/Los_Angeles');

    const { status, body } = await swagger.execute(reschedule);

    expect({ status, body }).toMatchObject({
      status: '200',
      body: { batchJobId: id, message: 'Scheduled successfully', scheduledStartTime: '2027-03-15T17:00:00Z' },
    });
  });

  it('lists what there is, unfiltered', async () => {
    const id = await app.create();
    await swagger.open();
    await swagger.authorize('bearer', app.key);

    const { status, body } = await swagger.execute(await swagger.expand('list'));

    expect(status).toBe('200');
    expect(body.batchJobs[0].id).toBe(id);
  });

  it('shows an error with what to do', async () => {
    const id = await app.create();
    await swagger.open();
    await swagger.authorize('bearer', app.key);
    const reschedule = await swagger.expand('reschedule');
    await reschedule.locator('tr[data-param-name="batch_job_id"] input').fill(id);
    await reschedule.locator('tr[data-param-name="timezone"] input').fill('America/NewYork');

    const { status, body } = await swagger.execute(reschedule);

    expect({ status, body }).toMatchObject({
      status: '400',
      body: { code: 'invalid_timezone', suggestions: ['America/New_York'] },
    });
  });

  it('refuses without a key', async () => {
    await swagger.open();

    const { status, body } = await swagger.execute(await swagger.expand('list'));

    expect({ status, body }).toMatchObject({ status: '401', body: { code: 'invalid_api_key' } });
  });
});

describe('/docs/errors', () => {
  it('opens at the section that a problem names', async () => {
    const { body } = await app.reschedule('batch_none', { scheduledStartTime: '2027-03-01T10:00:00', timezone: 'PST' });

    await page.goto(`${app.url}${body.type}`);

    const heading = page.locator(':target');
    expect(await heading.innerText()).toBe('invalid_timezone');
    expect((await heading.boundingBox())?.y).toBeLessThan(100);
  });
});
