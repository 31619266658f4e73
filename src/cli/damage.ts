/** What is wrong with traces that were opened. */

import type { OpenedTraces } from "../ctf/trace-directory.ts";
import { note, reportIncomplete, warn } from "./report.ts";

/** Warns of what cannot be read, and says what users should know. */
export function reportDamage({ opened, failures }: OpenedTraces): void {
  const damage = [...failures, ...opened.flatMap((one) => one.damage)];
  for (const { error } of damage) warn(error.message);
  if (damage.length > 0) reportIncomplete();
  for (const text of opened.flatMap(({ notes }) => notes)) note(text);
}
