/** What may follow the text before the cursor, from the server. */

import type { Token } from "./token.ts";

export interface Suggestion {
  readonly text: string;
  /** Where in the text before the cursor it begins, in UTF-16 code units. */
  readonly from: number;
  readonly kind: string;
  readonly detail?: string;
}

const MOST = 200;

/** Suggestions; none if the server does not answer, or where no continuation can mend the text. */
export async function suggestions(
  prefix: string,
  source: string,
  token: Token,
): Promise<readonly Suggestion[]> {
  const parameters = new URLSearchParams({ prefix, limit: String(MOST) });
  if (source !== "") parameters.set("source", source);
  try {
    const answer = await fetch(`v1/complete?${parameters}`, { headers: token.headers });
    if (!answer.ok) return [];
    return ((await answer.json()) as { items: readonly Suggestion[] }).items;
  } catch {
    return [];
  }
}

/** The name nearest to a mistaken one, if any is near. */
export function nearest(wrong: string, names: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(wrong.length / 3));
  let best: string | undefined;
  let least = most + 1;
  for (const name of names) {
    if (Math.abs(name.length - wrong.length) >= least) continue;
    const edits = distance(wrong, name);
    if (edits < least) [best, least] = [name, edits];
  }
  return best;
}

/** Insertions, deletions and replacements of characters. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, above[j]! + 1, row[j - 1]! + 1));
    }
    above = row;
  }
  return above[b.length]!;
}
