import pg from "pg";

/** Asks one question on a connection of its own, apart from the pool. */
export async function askApart<Row extends pg.QueryResultRow>(
  config: pg.ClientConfig,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionTimeoutMillis: 5000, ...config });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    // Its host may be gone without a word by now.
    await Promise.race([client.end(), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
  }
}
