import type { Locator, Page } from 'playwright-core';

/** What an operation was answered with, as it is shown. */
export interface Shown {
  readonly status: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads any body
  readonly body: any;
}

/** Swagger UI as a person uses it. */
export class SwaggerPage {
  /** What went wrong in the page: errors on the console, scripts that failed, requests to elsewhere. */
  readonly faults: string[] = [];

  constructor(
    private readonly page: Page,
    private readonly url: string,
  ) {
    page.on('console', (message) => {
      // An answer of 400 is what was asked for; the browser calls it a resource that failed.
      const isRefusal = message.location().url.startsWith(`${url}/batch/`);
      if (['error', 'warning'].includes(message.type()) && !isRefusal) this.faults.push(message.text());
    });
    page.on('pageerror', ({ message }) => this.faults.push(message));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${url}/`)) this.faults.push(request.url());
    });
  }

  async open(): Promise<void> {
    await this.page.goto(`${this.url}/docs`);
    await this.page.locator('.opblock').first().waitFor();
  }

  async authorize(scheme: 'bearer' | 'x-api-key', key: string): Promise<void> {
    await this.page.locator('.auth-wrapper button.authorize').click();
    const form = this.page
      .locator('.auth-container form')
      .filter({ has: this.page.locator(`h4 code:text-is("${scheme}")`) });
    await form.locator('input').fill(key);
    await form.locator('button.authorize').click();
    await form.locator('button.btn-done').click();
  }

  /** Opens an operation; it can be tried out at once. */
  async expand(operationId: string): Promise<Locator> {
    const operation = this.page.locator(`.opblock[id$="-${operationId}"]`);
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('button.execute').waitFor();
    return operation;
  }

  async chooseBody(operation: Locator, mediaType: string): Promise<void> {
    await operation.getByLabel('Request content type').selectOption(mediaType);
  }

  /** Sends the call and waits for its answer. */
  async execute(operation: Locator): Promise<Shown> {
    await operation.locator('button.execute').click();
    const row = operation.locator('.live-responses-table tr.response');
    await row.waitFor();
    const status = await row.locator('.response-col_status').innerText();
    const body = await row.locator('.response-col_description .highlight-code code').first().innerText();
    return { status: status.split('\n')[0], body: JSON.parse(body) };
  }
}
