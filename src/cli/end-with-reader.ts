/** As a shell reports a program that the signal SIGPIPE ended. */
const READER_GONE = 141;

/** Ends the process without a word when nobody reads its output any longer: `| head -1`, or a pager that was left. */
export const endWithReader = (): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(READER_GONE);
  });
};
