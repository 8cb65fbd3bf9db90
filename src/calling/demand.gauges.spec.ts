import { describe, expect, it } from '@jest/globals';
import type { BacklogRepository } from '../batch-jobs/backlog.repository.js';
import type { CallDemand } from '../batch-jobs/backlog.statements.js';
import { Metrics } from '../shared/metrics.js';
import { DemandGauges } from './demand.gauges.js';

const DEMAND: CallDemand = { callableContacts: 9, freeSlots: 5, placesWanted: 6 };

/** What a worker serves whose demand is measured so. */
function metricsOf(measureCallDemand: () => Promise<CallDemand>): Metrics {
  const metrics = new Metrics();
  const backlog = { measureCallDemand } as Partial<BacklogRepository> as BacklogRepository;
  new DemandGauges(backlog, metrics).onApplicationBootstrap();
  return metrics;
}

const seriesOf = async (metrics: Metrics): Promise<string[]> =>
  (await metrics.text()).split('\n').filter((line) => /^batch_jobs_(contacts|call)_/.test(line));

describe('a scrape', () => {
  it('tells the demand, measured once for its three figures and for whoever scrapes beside it', async () => {
    let times = 0;
    const metrics = metricsOf(async () => {
      times += 1;
      return DEMAND;
    });

    for (const series of await Promise.all([seriesOf(metrics), seriesOf(metrics)])) {
      expect(series).toEqual([
        'batch_jobs_contacts_callable 9',
        'batch_jobs_call_slots_free 5',
        'batch_jobs_call_places_wanted 6',
      ]);
    }
    expect(times).toBe(1);
  });

  it('goes on without it while it is not answered', async () => {
    const metrics = metricsOf(() => new Promise(() => undefined));

    expect(await seriesOf(metrics)).toEqual([]);
    expect(await metrics.text()).toContain('batch_jobs_missed_starts_total 0');
  });
});
