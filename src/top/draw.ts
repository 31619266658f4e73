/**
 * A picture as a frame of the terminal:
 *
 *     tracewire top  containers                                     live, 1.2 s behind
 *     08:53:30 – 08:53:32   trace/session                            lost: 5 events
 *     some-redis › redis-server (1119)   filter: ret < 0
 *      CONTAINER            CPU%  SYSC/s …
 *     >some-redis           43.9    1203 …
 *     …
 *     1containers 2processes … ?help
 */

import {
  type Frame,
  type Line,
  PLAIN,
  type Style,
  span,
  type TextSpan,
} from "../terminal/frame.ts";
import { fitted, textWidth } from "../terminal/width.ts";
import { helpLines } from "./help.ts";
import type { TopPicture } from "./picture.ts";
import { tableLines } from "./table-lines.ts";
import { VIEWS } from "./views.ts";

/** Lines above the table's head, and below its last row. */
const HEAD_LINES = 3;
const FOOT_LINES = 1;

/** How many rows of a table have room on a screen. */
export function pageRows(rows: number): number {
  return Math.max(1, rows - HEAD_LINES - FOOT_LINES - 1);
}

export function drawn(picture: TopPicture): Frame {
  const { size, mode } = picture;
  if (mode === "help") return { size, lines: helpLines(picture.view, size) };
  const { columns, rows } = size;
  const lines: Line[] = [
    split(titleOf(picture), stateOf(picture), columns),
    split([span(picture.span, { isDim: true })], lossesOf(picture), columns),
    pathOf(picture),
    ...(picture.view === undefined ? eventLines(picture) : tableLines(picture, pageRows(rows))),
  ];
  while (lines.length < rows - FOOT_LINES) lines.push([]);
  const body = lines.slice(0, rows - FOOT_LINES);
  if (mode !== "filter") return { size, lines: [...body, footOf(picture)] };
  return { size, ...filtering(picture, body) };
}

function titleOf({ view, source }: TopPicture): TextSpan[] {
  const name = view?.name ?? "events";
  return [
    span("tracewire top ", { isDim: true }),
    span(name, { isBold: true }),
    span(`  ${source}`),
  ];
}

function stateOf({ state, isPaused }: TopPicture): TextSpan[] {
  return isPaused
    ? [span("PAUSED ", { isBold: true, color: "yellow" }), span(state)]
    : [span(state)];
}

function lossesOf({ losses }: TopPicture): TextSpan[] {
  return losses === "" ? [] : [span(losses, { isBold: true, color: "red" })];
}

function pathOf({ path, filter, note }: TopPicture): Line {
  const parts: TextSpan[] = [];
  path.forEach((step, i) => {
    if (i > 0) parts.push(span(" › ", { isDim: true }));
    parts.push(span(step, { isBold: true }));
  });
  const add = (text: string, style: Style): void => {
    if (parts.length > 0) parts.push(span("  "));
    parts.push(span(text, style));
  };
  if (filter !== "") add(`filter: ${filter}`, { color: "cyan" });
  if (note !== undefined) add(note, { color: "yellow" });
  return parts;
}

/** Two ends of one line; the right one is whole, where it has room. */
function split(left: readonly TextSpan[], right: readonly TextSpan[], columns: number): Line {
  const widthOf = (spans: readonly TextSpan[]): number =>
    spans.reduce((sum, { text }) => sum + textWidth(text), 0);
  const room = columns - widthOf(right) - 1;
  if (room < 10) return left;
  let free = room;
  const cut = left.map(({ text, style }) => {
    const fit = fitted(text, Math.min(textWidth(text), free));
    free -= textWidth(fit);
    return span(fit, style);
  });
  return [...cut, span(" ".repeat(free + 1)), ...right];
}

function eventLines({ events, scroll, size }: TopPicture): Line[] {
  const room = pageRows(size.rows);
  const head = `${"TIME".padEnd(19)}${"CONTAINER".padEnd(17)}EVENT`;
  const end = events.length - scroll;
  const shown = events.slice(Math.max(0, end - room), end);
  return [
    [span(fitted(head, size.columns), { isReversed: true })],
    ...shown.map(
      ({ time, container, event, payload }): Line => [
        span(fitted(time, 19), { isDim: true }),
        span(fitted(container, 16)),
        span(" "),
        span(event, { isBold: true }),
        span(` ${payload}`),
      ],
    ),
  ];
}

function footOf({ view, size }: TopPicture): Line {
  const spans: TextSpan[] = [];
  VIEWS.forEach(({ name }, i) => {
    spans.push(span(String((i + 1) % 10), { isBold: true }));
    const isShown = name === view?.name;
    spans.push(span(name, isShown ? { isReversed: true } : { isDim: true }), span(" "));
  });
  const taken = spans.reduce((sum, { text }) => sum + text.length, 0);
  const more = size.columns - taken >= 36 ? "? help  / filter  < > sort  q quit" : "?help";
  return [...spans, span(more, PLAIN)];
}

/** The filter that is typed stands in the last line, what may follow above it. */
function filtering(
  { edit, completions, size, problem }: TopPicture,
  body: readonly Line[],
): Pick<Frame, "lines" | "cursor"> {
  const offered = completions.length === 0 ? "" : `Tab: ${completions.join("  ")}`;
  const prompt = "filter: ";
  const room = size.columns - prompt.length - 1;
  const before = textWidth(edit.text.slice(0, edit.cursor));
  // A text that is too long is shown around its cursor.
  const from = Math.max(0, edit.cursor - room);
  const line = [span(prompt, { isBold: true }), span(edit.text.slice(from))];
  const column = prompt.length + Math.min(before, room);
  const hint =
    problem === undefined ? span(offered, { isDim: true }) : span(problem, { color: "red" });
  return {
    lines: [...body.slice(0, -1), [hint], line],
    cursor: { column, row: size.rows - 1 },
  };
}
