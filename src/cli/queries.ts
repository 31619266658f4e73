import { namedQueries, queryText } from "../language/named-queries.ts";
import { table } from "./table.ts";

/**
 * `tracewire queries`: the named queries, or the text of one.
 * @throws SourceError for a name that none has
 */
export function queries(
  name: string | undefined,
  options: { readonly queries?: string; readonly format: "text" | "json" },
): void {
  const plain = name?.replace(/^@/, "");
  const text = plain === undefined ? undefined : queryText(`@${plain}`, options.queries);
  const all = namedQueries(options.queries).filter((query) => (plain ?? query.name) === query.name);
  if (options.format === "json") {
    process.stdout.write(`${JSON.stringify(all, undefined, 2)}\n`);
    return;
  }
  if (text !== undefined) {
    process.stdout.write(`${text}\n`);
    return;
  }
  const rows = all.map((query) => [`@${query.name}`, query.help]);
  process.stdout.write(`${table(["QUERY", "ANSWERS"], rows, [])}\n`);
}
