import type { Client } from 'pg';

/** A node of a plan, as `explain (format json)` gives it. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Plan Rows': number;
  readonly Plans?: readonly PlanNode[];
}

/** The plan that a session keeps of a statement, whatever its values are. */
export async function planOf(client: Client, text: string): Promise<PlanNode> {
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>({
    text: `explain (generic_plan, format json) ${text}`,
    // As text: there are no values to send.
  });
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
