import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { BacklogRepository } from '../../src/batch-jobs/backlog.repository.js';
import { DemandGauges } from '../../src/calling/demand.gauges.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { Database } from '../../src/shared/database.js';
import { Metrics } from '../../src/shared/metrics.js';
import { CallRows } from '../support/call-rows.js';
import { eventually } from '../support/eventually.js';
import { LogLines } from '../support/log-lines.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestDatabase } from '../support/test-database.js';

describe('a scrape of a worker', () => {
  let testDatabase: TestDatabase;
  let proxy: TcpProxy;
  let source: DataSource;
  let metrics: Metrics;
  beforeAll(async () => {
    testDatabase = await TestDatabase.create();
    proxy = await TcpProxy.start(testDatabase.url);
    source = await new DataSource(dataSourceOptions(proxy.url, 2)).initialize();
    metrics = new Metrics();
    new DemandGauges(new BacklogRepository(new Database(source)), metrics).onApplicationBootstrap();
    LogLines.listen();
  });
  afterAll(async () => {
    await source.destroy();
    await proxy.stop();
    await testDatabase.drop();
  });

  const series = async (): Promise<string[]> =>
    (await metrics.text()).split('\n').filter((line) => /^batch_jobs_(contacts|call)_/.test(line));

  const MEASURED = [
    'batch_jobs_contacts_callable 3',
    'batch_jobs_call_slots_free 5',
    'batch_jobs_call_places_wanted 3',
  ];

  it('tells it, has no such series while PostgreSQL is away or silent, and has them again', async () => {
    const inIt = await testDatabase.connect();
    const own = new CallRows(inIt);
    await own.addOrganization('org_a', 5);
    await own.addCallable({ contacts: 3 });
    await inIt.destroy();
    expect(await series()).toEqual(MEASURED);

    await proxy.refuse();
    await eventually(async () => expect(await series()).toEqual([]));
    await proxy.heal();
    await eventually(async () => expect(await series()).toEqual(MEASURED));
    proxy.blackhole();
    await eventually(async () => expect(await series()).toEqual([]));
    await proxy.heal();
    await eventually(async () => expect(await series()).toEqual(MEASURED));
  }, 120_000);
});
