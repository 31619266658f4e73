import type { Asked } from "./messages.ts";

/** What differs between clients with equal answers; sources are compared as they are chosen. */
const OF_CLIENT: ReadonlySet<string> = new Set(["credit", "overflow", "source"]);

/**
 * A text that is equal for queries that ask the same of the same sources, in whichever way they were sent. Queries that
 * mean the same in other words have another.
 *
 * @param asked parameters that could be read
 */
export function identityOf(asked: Asked): string {
  const values = asked.kind === "url" ? inUrl(asked.search) : inJson(asked.text);
  const meant = values.filter(
    ([name, value]) => !OF_CLIENT.has(name) && value !== "" && value !== null,
  );
  meant.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(meant);
}

type Named = [name: string, value: unknown];

function inUrl(search: string): Named[] {
  const parameters = new URLSearchParams(search);
  return [...new Set(parameters.keys())].map((name) => {
    const all = parameters.getAll(name);
    return [name, all.length === 1 ? all[0] : all];
  });
}

/** URLs have texts only. */
function inJson(text: string): Named[] {
  const values = Object.entries(JSON.parse(text) as Record<string, unknown>);
  return values.map(([name, value]) => [name, typeof value === "number" ? String(value) : value]);
}
