import { StateTable } from './state-table.js';

/** What a step is to the promise: the machine at work, a wish of somebody outside, or something that breaks. */
export type StepKind = 'work' | 'request' | 'fault';

export interface Step<State> {
  readonly kind: StepKind;
  /** In words, for a trace. */
  readonly what: string;
  readonly to: State;
}

/** A finite transition system, and what is promised of it. */
export interface Model<State> {
  readonly initial: State;
  /** Packs a state into a safe integer; two states are the same if and only if their integers are. */
  pack(state: State): number;
  unpack(packed: number): State;
  steps(from: State): Step<State>[];
  /** @returns the promise that this step breaks, in words; undefined when it keeps them all */
  violation(from: State, step: Step<State>): string | undefined;
  /** Something that must come in the end has come. */
  isEnd(state: State): boolean;
  /** The promise that it comes, in words. */
  readonly endPromise: string;
}

export interface Result {
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest shortest path from the initial state. */
  readonly depth: number;
  /** Most steps of work that any state is away from an end. Null when the search ended early, or some state never ends. */
  readonly farthestFromEnd: number | null;
  /** The first promise found broken, with a shortest way there. Null when none is. */
  readonly broken: { readonly promise: string; readonly trace: readonly string[] } | null;
}

const NEVER = 255;

/** Steps of work between states, as a flat list: for each state where its successors begin. */
class WorkGraph {
  private readonly begins: Int32Array;
  private successors = new Int32Array(1 << 20);
  private length = 0;

  constructor(capacity: number) {
    this.begins = new Int32Array(capacity + 1);
  }

  addStep(to: number): void {
    if (this.length === this.successors.length) {
      const longer = new Int32Array(this.length * 2);
      longer.set(this.successors);
      this.successors = longer;
    }
    this.successors[this.length] = to;
    this.length += 1;
  }

  close(state: number): void {
    this.begins[state + 1] = this.length;
  }

  /** For each state the least number of steps of work to an end, by relaxation until nothing changes. */
  distances(isEnd: Uint8Array, states: number): Uint8Array {
    const distance = new Uint8Array(states).fill(NEVER);
    for (let state = 0; state < states; state += 1) if (isEnd[state]) distance[state] = 0;
    for (let changed = true; changed;) {
      changed = false;
      for (let state = states - 1; state >= 0; state -= 1) {
        let least = distance[state];
        for (let at = this.begins[state]; at < this.begins[state + 1]; at += 1) {
          const through = distance[this.successors[at]] + 1;
          if (through < least) least = through;
        }
        if (least < distance[state]) {
          distance[state] = least;
          changed = true;
        }
      }
    }
    return distance;
  }
}

/**
 * Visits every reachable state, breadth first, so that the first broken promise comes with a shortest trace.
 *
 * Safety is judged on every transition. Liveness is judged by reachability: from every reachable state, whatever faults
 * and requests led there, an end must be reachable by steps of work alone. As that set of states is closed under work,
 * a system left alone cannot avoid the end for ever unless it refuses for ever a step that is possible again and again
 * (strong fairness: timers tick, every worker gets its turn). It finds dead-locks and live-locks alike.
 *
 * @param capacity most states to hold
 */
export function explore<State>(model: Model<State>, capacity = 6_000_000): Result {
  const table = new StateTable(capacity);
  const parents = new Int32Array(capacity);
  const depths = new Uint8Array(capacity);
  const isEnd = new Uint8Array(capacity);
  const work = new WorkGraph(capacity);
  let transitions = 0;

  const trace = (to: number) => traceTo(model, table, parents, to);

  table.add(model.pack(model.initial));
  parents[0] = -1;
  for (let state = 0; state < table.size; state += 1) {
    const from = model.unpack(table.keyOf(state));
    if (model.isEnd(from)) isEnd[state] = 1;
    for (const step of model.steps(from)) {
      transitions += 1;
      const promise = model.violation(from, step);
      if (promise !== undefined) {
        const broken = { promise, trace: [...trace(state), step.what] };
        return { states: table.size, transitions, depth: depths[state] + 1, farthestFromEnd: null, broken };
      }
      const found = table.add(model.pack(step.to));
      const to = found < 0 ? -1 - found : found;
      if (found < 0) {
        parents[to] = state;
        depths[to] = depths[state] + 1;
      }
      if (step.kind === 'work') work.addStep(to);
    }
    work.close(state);
  }

  const distances = work.distances(isEnd, table.size);
  const stuck = distances.indexOf(NEVER);
  const reached = { states: table.size, transitions, depth: depths[table.size - 1] };
  if (stuck === -1) return { ...reached, farthestFromEnd: distances.reduce((a, b) => Math.max(a, b), 0), broken: null };
  const broken = { promise: model.endPromise, trace: trace(stuck) };
  return { ...reached, farthestFromEnd: null, broken };
}

/** Names the steps from the initial state, found again by taking each state's steps once more. */
function traceTo<State>(model: Model<State>, table: StateTable, parents: Int32Array, to: number): string[] {
  const path: number[] = [];
  for (let state = to; state !== -1; state = parents[state]) path.unshift(state);
  return path.slice(1).map((state, before) => {
    const steps = model.steps(model.unpack(table.keyOf(path[before])));
    return steps.find((step) => model.pack(step.to) === table.keyOf(state))?.what ?? 'a step that is not there';
  });
}
