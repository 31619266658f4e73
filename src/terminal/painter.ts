/** Writes frames to a terminal: only lines that differ from what it shows. */

import { encodeLine, type Frame, type ScreenSize } from "./frame.ts";

const CLEAR = "\x1b[2J";
const SHOW_CURSOR = "\x1b[?25h";
const HIDE_CURSOR = "\x1b[?25l";
/** Terminals that know synchronized updates show each frame as a whole; others ignore this. */
const BEGIN_UPDATE = "\x1b[?2026h";
const END_UPDATE = "\x1b[?2026l";

export class Painter {
  readonly #write: (text: string) => void;
  readonly #hasColors: boolean;
  #shown: readonly string[] = [];
  #size: ScreenSize = { columns: 0, rows: 0 };
  #cursor = "";

  constructor(write: (text: string) => void, hasColors: boolean) {
    this.#write = write;
    this.#hasColors = hasColors;
  }

  /** The terminal shows something else than what was painted last. */
  forget(): void {
    this.#size = { columns: 0, rows: 0 };
  }

  paint({ size, lines, cursor }: Frame): void {
    const isNew = size.columns !== this.#size.columns || size.rows !== this.#size.rows;
    const before = isNew ? [] : this.#shown;
    const shown = Array.from({ length: size.rows }, (_, row) =>
      encodeLine(lines[row] ?? [], size.columns, this.#hasColors),
    );
    let text = isNew ? CLEAR : "";
    shown.forEach((line, row) => {
      if (line === (before[row] ?? "")) return;
      // Behind a line that fills the row, an erasure would take its last character.
      text += `\x1b[${row + 1};1H\x1b[2K${line}`;
    });
    const at =
      cursor === undefined
        ? HIDE_CURSOR
        : `\x1b[${cursor.row + 1};${cursor.column + 1}H${SHOW_CURSOR}`;
    if (text === "" && at === this.#cursor) return;
    this.#shown = shown;
    this.#size = size;
    this.#cursor = at;
    this.#write(`${BEGIN_UPDATE}${text}${at}${END_UPDATE}`);
  }
}
