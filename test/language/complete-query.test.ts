/** What an editor is offered at the end of an unfinished query. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { completeQuery } from "../../src/language/complete-query.ts";

const test = suite("language/complete-query");

function offered(prefix: string): string[] {
  return completeQuery(prefix, []).items.map(({ text }) => text);
}

/** A prefix, and some of what it is offered, in this order; `!x`: not offered. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  ["|> ", ["events", "syscalls", "slices", "where", "count("]],
  ["|> sy", ["syscalls", "!slices"]],
  ["|> co", ["count("]],
  ["ret < 0 |> syscalls |> p", ["p50(", "p99(", "pages", "pair"]],
  ["|> syscalls |> p99(", ["timestamp", "dt", "syscall", "container"]],
  ["|> syscalls |> p99(d", ["dt", "!syscall"]],
  ["|> slices |> usage(dt) ", ["by", "every", "if"]],
  ["|> slices |> usage(dt) by c", ["cpu_id", "comm", "container"]],
  ["|> slices |> usage(dt) by container ", ["every"]],
  ["|> count() by event |> top 10 by ", ["event", "count", "lost_events"]],
  ["|> count(), ", ["count(", "p99("]],
  ["|> count() by event every 1s |> top 3 by count ", ["per"]],
  ["|> count() by event |> sort count ", ["asc", "desc"]],
  ['|> pair "a" ', ["where", "then"]],
  ["|> where 'unfinished", []],
];

for (const [prefix, wanted] of CASES) {
  test(`behind ${JSON.stringify(prefix)}`, () => {
    const items = offered(prefix);
    let at = -1;
    for (const text of wanted) {
      if (text.startsWith("!")) assert.not(items.includes(text.slice(1)), text);
      else {
        const found = items.indexOf(text);
        assert.ok(found > at, `${text} in ${items.join(" ")}`);
        at = found;
      }
    }
    if (wanted.length === 0) assert.equal(items, []);
  });
}

test.run();
