/** What the load generator is told. */
export interface LoadPlan {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly method: 'GET' | 'PATCH' | 'POST';
  /** Paths with their queries, taken in turn by whichever connection is free. */
  readonly paths: readonly string[];
  /** JSON that is sent with each. */
  readonly body?: string;
  /** No path is taken twice: it ends early when all have been. */
  readonly isEachOnce?: boolean;
  readonly key: string;
  readonly connections: number;
  /** Not measured: what a process compiles and opens with its first requests. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** What it tells: `'warm'` when measuring begins, then what came of it. */
export type LoadMessage = 'warm' | LoadResult;

export interface LoadResult {
  readonly requests: number;
  /** Any answer but 200, and requests without one. */
  readonly failures: number;
  /** The first of them. */
  readonly firstFailure: string | null;
  readonly seconds: number;
  /** Of the answers, from the request to the end of the body, in milliseconds. */
  readonly latenciesMs: readonly number[];
  /** CPU seconds of the generator itself: when it is near `seconds`, it and not the service is measured. */
  readonly generatorCpuSeconds: number;
}
