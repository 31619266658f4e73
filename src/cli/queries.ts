import { namedQueries } from "../language/named-queries.ts";
import { table } from "./table.ts";

/** `tracewire queries`: the named queries, or the text of one. */
export function queries(
  name: string | undefined,
  options: { readonly queries?: string; readonly format: "text" | "json" },
): void {
  const all = namedQueries(options.queries).filter((query) => (name ?? query.name) === query.name);
  if (options.format === "json") {
    process.stdout.write(`${JSON.stringify(all, undefined, 2)}\n`);
    return;
  }
  if (name !== undefined && all.length > 0) {
    process.stdout.write(`${all[0]!.text}\n`);
    return;
  }
  const rows = all.map((query) => [`@${query.name}`, query.help]);
  process.stdout.write(`${table(["QUERY", "ANSWERS"], rows, [])}\n`);
}
