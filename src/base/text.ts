/** Places in a text: spans, lines and columns, and the excerpt with a caret that error messages show. */

import { masked } from "./printable.ts";

/** Half-open range of UTF-16 code units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Line and column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Line and column of an offset; an offset past the end is the end. */
export function positionAt(text: string, offset: number): Position {
  const end = Math.min(offset, text.length);
  let line = 1;
  let lineStart = 0;
  for (let i = text.indexOf("\n"); i !== -1 && i < end; i = text.indexOf("\n", i + 1)) {
    line++;
    lineStart = i + 1;
  }
  return { line, column: end - lineStart + 1 };
}

const EXCERPT_WIDTH = 100;

/** The line that holds the span, cut to a readable width, with `^~~~` below it. */
export function excerpt(text: string, span: Span): string {
  const at = Math.min(span.start, text.length);
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  const newline = text.indexOf("\n", at);
  const lineEnd = newline === -1 ? text.length : newline;
  const from = Math.max(lineStart, Math.min(at - EXCERPT_WIDTH / 2, lineEnd - EXCERPT_WIDTH));
  const to = Math.min(lineEnd, from + EXCERPT_WIDTH);
  const line = masked(text.slice(from, to).replaceAll("\t", " "));
  const width = Math.max(1, Math.min(span.end, to) - at);
  return `${line}\n${" ".repeat(at - from)}^${"~".repeat(width - 1)}`;
}

/** `1 row`, `2 rows`, `1 event class`, `2 event classes` */
export function counted(count: number | bigint, noun: string): string {
  if (Number(count) === 1) return `${count} ${noun}`;
  return `${count} ${noun}${/(?:s|x|ch|sh)$/.test(noun) ? "es" : "s"}`;
}

/** `a,b,c`: names with commas between them, blanks around them left off. Commas between backquotes belong to a name. */
export function splitNames(text: string): string[] {
  const parts = text.match(/(?:`[^`]*`|[^,`]|`)+|(?<=,|^)(?=,|$)/g) ?? [""];
  return parts.map((part) => part.trim());
}

/**
 * The candidate closest to `name` by edit distance, if one is close enough to be a likely slip.
 * A third of the length may differ; a name that differs only in case always qualifies.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Letters that stand in each other's place are one mistake. */
function editDistance(a: string, b: string): number {
  let beforePrevious: readonly number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwapped ? beforePrevious[j - 2]! + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(substitution, swap, previous[j]! + 1, current[j - 1]! + 1));
    }
    [beforePrevious, previous] = [previous, current];
  }
  return previous[b.length]!;
}
