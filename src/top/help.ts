/** The help screen: keys, and what the columns of the view are. */

import type { View } from "../analyses/view.ts";
import { type Line, type ScreenSize, span } from "../terminal/frame.ts";

const KEYS: readonly (readonly [string, string])[] = [
  ["1 … 0, Tab", "views: containers, processes, threads, syscalls …"],
  ["Up Down PgUp PgDn", "select a row"],
  ["Enter, Backspace", "open a row: container, its processes, threads, events; back"],
  ["< >, r", "sort by the column to the left or right; reverse"],
  ["/", "filter, in the query language; Tab completes, empty ends it"],
  ["Space", "pause; the numbers go on behind it"],
  ["Left Right", "the window before and after; a: all the time, or now"],
  ["Ctrl-L, Ctrl-Z", "paint anew; back to the shell for a while"],
  ["q, Ctrl-C", "quit"],
];

export function helpLines(view: View | undefined, { rows, columns }: ScreenSize): readonly Line[] {
  const lines: Line[] = [
    [span("Keys", { isBold: true })],
    ...KEYS.map(([key, what]): Line => [span(`  ${key.padEnd(19)}`), span(what)]),
    [],
  ];
  if (view !== undefined) {
    lines.push([span(`${view.name}: `, { isBold: true }), span(view.help)]);
    for (const { title, help } of view.columns)
      lines.push([span(`  ${title.padEnd(10)}`), span(help.slice(0, Math.max(10, columns - 13)))]);
  }
  const shown = lines.slice(0, rows - 1);
  while (shown.length < rows - 1) shown.push([]);
  return [...shown, [span("any key: back", { isDim: true })]];
}
