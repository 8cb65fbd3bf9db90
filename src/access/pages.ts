/** Rows that are read at one time of a list of any length. */
export const PAGE_SIZE = 1_000;

/**
 * Reads a list to its end, however long it is.
 *
 * @param readAfter the next rows behind one, at most {@link PAGE_SIZE}, in the order of the list; null: the first
 */
export async function* allPages<Row>(readAfter: (last: Row | null) => Promise<readonly Row[]>): AsyncGenerator<Row> {
  for (let last: Row | null = null; ;) {
    const page: readonly Row[] = await readAfter(last);
    yield* page;
    last = page.at(-1) ?? null;
    if (page.length < PAGE_SIZE) return;
  }
}
