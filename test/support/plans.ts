import type { Client } from 'pg';
import type { AnyStatement } from './declared-statements.js';

/** A node of a plan, as `explain (format json)` gives it. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Plan Rows': number;
  readonly Plans?: readonly PlanNode[];
}

/** Of one that is planned anew: a first page, as it is asked for. */
const VALUES: Readonly<Record<string, unknown>> = {
  organizationId: 'org_0',
  status: 'scheduled',
  namePattern: '%week 7%',
  offset: 0,
  limit: 21,
  look: 5_000,
  most: 1_001,
};

/** The plan that a session keeps of a statement, whatever its values are; or that of values, where it keeps none. */
export async function planOf(client: Client, { text, names, definition }: AnyStatement): Promise<PlanNode> {
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    definition.isPlannedAnew
      ? { text: `explain (format json) ${text}`, values: names.map((name) => VALUES[name] ?? null) }
      : { text: `explain (generic_plan, format json) ${text}` },
  );
  return rows[0]['QUERY PLAN'][0].Plan;
}

/** Tables that have few rows however long the service is used. */
const SMALL = ['organizations', 'phone_numbers', 'worker_heartbeats', 'write_probes', 'batch_job_holds'];

/** What is sorted at most, by PostgreSQL's estimate. */
const MOST_SORTED = 10_001;

/** A line for each node that reads a whole table or sorts much. */
export const faultsOf = (node: PlanNode): string[] => {
  const inner = (node.Plans ?? []).flatMap(faultsOf);
  const table = node['Relation Name'];
  if (node['Node Type'] === 'Seq Scan' && table !== undefined && !SMALL.includes(table))
    inner.push(`reads all of ${table}`);
  if (node['Node Type'] === 'Sort' && node['Plan Rows'] > MOST_SORTED) inner.push(`sorts ${node['Plan Rows']} rows`);
  return inner;
};
