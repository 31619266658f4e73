/** Facts of events that are columns of their rows under another name. */

/** How a filter writes a column: `host` is `$trace.hostname`. */
export const EVENT_COLUMNS: ReadonlyMap<string, readonly [root: string, fact: string]> = new Map([
  ["event", ["$event", "name"]],
  ["timestamp", ["$event", "timestamp"]],
  ["cpu_id", ["$event", "cpu_id"]],
  ["domain", ["$event", "domain"]],
  ["host", ["$trace", "hostname"]],
]);
