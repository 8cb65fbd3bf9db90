/** Something that serves until it is told to stop. */
export interface Service {
  close(): Promise<void>;
}

// Above the longest drain (6 s) and every database limit; an orchestrator's usual grace period is 30 s.
const SHUTDOWN_DEADLINE_MS = 20_000;

/**
 * Runs a service until SIGINT or SIGTERM, then closes it. A second signal, or a deadline, ends the process at once.
 * What keeps it from starting is one sentence on standard error and exit code 1, not a stack.
 */
export async function serve(start: () => Promise<Service>): Promise<void> {
  const service = await start().catch((error: unknown) => fail(error));
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    setTimeout(() => process.exit(1), SHUTDOWN_DEADLINE_MS).unref();
    service.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

const fail = (error: unknown): never => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
};

/** The sentence to show for what a start can fail of. */
const explain = (error: unknown): string => {
  // Of a name with several addresses, one failure for each.
  const [cause] = error instanceof AggregateError ? error.errors : [error];
  const { code, message, port, address } = cause as NodeJS.ErrnoException & { port?: number; address?: string };
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken by another program. Stop it, or choose another with PORT, for a worker METRICS_PORT.`;
    case 'EACCES':
      return `Port ${port} may not be used. Choose one above 1023 with PORT, for a worker METRICS_PORT.`;
    case 'ECONNREFUSED':
      return `Nothing answers at ${address}:${port}. Start the server there, or correct DATABASE_URL or REDIS_URL.`;
    default:
      return message;
  }
};
