import type { Asked } from "./engine/messages.ts";
import { selectIn } from "./request-body.ts";

/** What any query takes, and what a column that holds texts of any length and another one take besides, bytes (measured). */
const BASE = 5 << 20;
const TEXTS = 1.1 * 2 ** 20;
const OTHER = 2 ** 18;
/** Without a selection: facts, contexts and the payload. */
const USUAL = 8 << 20;

/** About how much memory a query will take, by the columns that it asks for. */
export function weightOf(asked: Asked): number {
  const select = asked.kind === "url" ? inUrl(asked.search) : selectIn(asked.text);
  if (select.length === 0) return USUAL;
  const texts = select.filter((name) => name.startsWith("payload")).length;
  return BASE + texts * TEXTS + (select.length - texts) * OTHER;
}

function inUrl(search: string): readonly string[] {
  const all = new URLSearchParams(search).getAll("select");
  return all.flatMap((list) => list.split(",")).filter((name) => name !== "");
}
