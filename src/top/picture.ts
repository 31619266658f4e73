/** What is on the screen, as data: drawing needs nothing else. */

import type { BoardRow } from "../analyses/board.ts";
import type { SortOrder } from "../analyses/sorting.ts";
import type { View } from "../analyses/view.ts";
import type { ScreenSize } from "../terminal/frame.ts";
import type { EditedLine } from "../terminal/line-editor.ts";

/** One event record of a list. */
export interface EventLine {
  readonly time: string;
  readonly container: string;
  readonly event: string;
  readonly payload: string;
}

export interface TopPicture {
  readonly size: ScreenSize;
  readonly source: string;
  /** Without one, `events` are shown. */
  readonly view: View | undefined;
  readonly rows: readonly BoardRow[];
  readonly events: readonly EventLine[];
  readonly selected: number;
  readonly order: SortOrder;
  /** The times between which the numbers are, or what happens meanwhile. */
  readonly span: string;
  /** `live, 1.2 s behind`, `recorded, 42 %` */
  readonly state: string;
  readonly isPaused: boolean;
  /** What was lost, where the shown numbers are too small for it; empty for nothing. */
  readonly losses: string;
  /** The way to the view: `some-redis`, `redis-server (1119)`. */
  readonly path: readonly string[];
  readonly filter: string;
  /** What does not work here. */
  readonly note: string | undefined;
  readonly mode: "table" | "filter" | "help";
  readonly edit: EditedLine;
  readonly completions: readonly string[];
  readonly problem: string | undefined;
  /** The first event that is shown, from the newest. */
  readonly scroll: number;
}
