import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Tables } from "../../schema/row.ts";
import type { NewPrincipal } from "./access-ports.ts";

/** A condition on a row of `credentials`: that its password is valid at this moment, by the clock of the database. */
export const isValidNow: RawBuilder<boolean> = sql<boolean>`(valid_until IS NULL OR valid_until > now())`;

/** Adds those that do not exist yet and names them. Arrays, since `values` ends at 65 535 parameters. */
export async function insertPrincipals(
  transaction: Kysely<Tables>,
  principals: readonly NewPrincipal[],
): Promise<readonly string[]> {
  const column = <T>(of: (principal: NewPrincipal) => T): T[] => principals.map(of);
  const filters = (of: "publish" | "subscribe") =>
    column(({ rights }) => (rights === null ? null : JSON.stringify(rights[of])));
  const { rows } = await sql<{ user_name: string }>`
    INSERT INTO principals (user_name, labels, publish, subscribe)
    SELECT user_name, labels::jsonb, ${textsOf("publish")}, ${textsOf("subscribe")}
    FROM unnest(
      ${column(({ userName }) => userName)}::text[],
      ${column(({ labels }) => JSON.stringify(labels))}::text[],
      ${filters("publish")}::text[],
      ${filters("subscribe")}::text[]
    ) AS t(user_name, labels, publish, subscribe)
    ON CONFLICT (user_name) DO NOTHING RETURNING user_name`.execute(transaction);
  const secured = principals.filter(({ hash }) => hash !== null);
  await sql`
    INSERT INTO credentials (user_name, hash)
    SELECT user_name, hash FROM unnest(
      ${secured.map(({ userName }) => userName)}::text[], ${secured.map(({ hash }) => hash)}::text[]
    ) AS t(user_name, hash) JOIN principals USING (user_name)
    WHERE user_name = ANY(${rows.map(({ user_name }) => user_name)}::text[])`.execute(transaction);
  return rows.map(({ user_name }) => user_name);
}

/** Arrays of arrays must be rectangular, so each comes as JSON. */
function textsOf(column: string): RawBuilder<string[] | null> {
  const json = sql.ref(column);
  return sql<string[] | null>`
    CASE WHEN ${json} IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(${json}::jsonb)) END`;
}
