import { namedQueries, namedQuery } from "../language/named-queries.ts";
import { table } from "./table.ts";

/**
 * `tracewire queries`: the named queries, or the text of one.
 * @throws SourceError for a name that none has
 */
export function queries(
  name: string | undefined,
  { queries: folder, format }: { readonly queries?: string; readonly format: "text" | "json" },
): void {
  const one = name === undefined ? undefined : namedQuery(name.replace(/^@/, ""), folder);
  const all = one === undefined ? namedQueries(folder) : [one];
  if (format === "json") {
    process.stdout.write(`${JSON.stringify(all, undefined, 2)}\n`);
    return;
  }
  if (one !== undefined) {
    process.stdout.write(`${one.text}\n`);
    return;
  }
  const rows = all.map((query) => [`@${query.name}`, query.help]);
  process.stdout.write(`${table(["QUERY", "ANSWERS"], rows, [])}\n`);
}
