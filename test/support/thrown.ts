/** Whatever work throws, for a look at it; an error that says so when it does not. */
export const thrown = async (work: Promise<unknown>): Promise<Error> =>
  work.then(
    (value) => new Error(`nothing thrown: ${JSON.stringify(value)}`),
    (error: unknown) => error as Error,
  );
