/** Frames, keys, typed lines: what goes to a terminal, and what comes from it. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeLine, type Frame, span } from "../../src/terminal/frame.ts";
import { keyName } from "../../src/terminal/keys.ts";
import { type EditedLine, EMPTY_LINE, edited, replaced } from "../../src/terminal/line-editor.ts";
import { Painter } from "../../src/terminal/painter.ts";
import { fitted, textWidth } from "../../src/terminal/width.ts";
import { random } from "../support/random.ts";

const test = suite("terminal/painter");

/** A terminal of a few sequences: what its cells show after all that was written. */
class Cells {
  readonly rows: string[][];
  writes = 0;
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.rows = Array.from({ length: rows }, () => Array<string>(columns).fill(" "));
  }

  readonly write = (text: string): void => {
    this.writes++;
    for (const [, row, column, command, character] of text.matchAll(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is read
      /\x1b\[(?:(\d+);(\d+)H|(\?\d+[hl]|2J|2K|[\d;]*m))|([^\x1b])/g,
    )) {
      if (row !== undefined) [this.#row, this.#column] = [Number(row) - 1, Number(column) - 1];
      else if (command === "2J") for (const line of this.rows) line.fill(" ");
      else if (command === "2K") this.rows[this.#row]!.fill(" ");
      else if (character !== undefined) this.#put(character);
    }
  };

  get text(): string[] {
    return this.rows.map((row) => row.join(""));
  }

  #put(character: string): void {
    const row = this.rows[this.#row]!;
    assert.ok(this.#column < row.length, "nothing is written beyond the last column");
    row[this.#column++] = character;
  }
}

function frame(columns: number, rows: number, lines: readonly string[]): Frame {
  return { size: { columns, rows }, lines: lines.map((line) => [span(line)]) };
}

test("shows what was painted last, whatever was painted before", () => {
  const below = random("terminal/painter");
  const cells = new Cells(12, 5);
  const painter = new Painter(cells.write, true);
  const lines = (): string[] => Array.from({ length: below(6) }, () => "x".repeat(below(13)));
  for (let i = 0; i < 300; i++) {
    const shown = lines();
    painter.paint(frame(12, 5, shown));
    const expected = Array.from({ length: 5 }, (_, row) => (shown[row] ?? "").padEnd(12));
    assert.equal(cells.text, expected);
  }
});

test("writes nothing for a frame that is on the screen, and all of it after forgetting", () => {
  const cells = new Cells(10, 3);
  const painter = new Painter(cells.write, true);
  painter.paint(frame(10, 3, ["a", "b"]));
  painter.paint(frame(10, 3, ["a", "b"]));
  assert.is(cells.writes, 1);
  painter.forget();
  cells.rows[0]!.fill("?");
  painter.paint(frame(10, 3, ["a", "b"]));
  assert.equal(cells.text, ["a         ", "b         ", "          "]);
});

test("cuts lines at the last column, and ends every style", () => {
  const line = [span("red", { color: "red" }), span(" and more", { isBold: true })];
  assert.is(encodeLine(line, 8, true), "\x1b[31mred\x1b[0m\x1b[1m and…\x1b[0m");
  assert.is(encodeLine(line, 8, false), "red\x1b[1m and…\x1b[0m");
});

test("names from outside move no cursor", () => {
  const text = encodeLine([span("a\x1b[2Jb\u202e\r\n")], 20, true);
  assert.is(text, "a?[2Jb???");
});

for (const [text, width] of [
  ["abc", 3],
  ["日本", 4],
  ["é", 1],
  ["e\u0301", 1],
  ["🚀", 2],
] as const) {
  test(`${JSON.stringify(text)} takes ${width} columns`, () => assert.is(textWidth(text), width));
}

test("texts are filled or cut to exactly a width", () => {
  for (const text of ["", "abc", "日本語", "a日b本c", "long enough to be cut"])
    for (let width = 0; width < 12; width++) {
      assert.is(textWidth(fitted(text, width)), width, `${text} in ${width}`);
      assert.is(textWidth(fitted(text, width, "right")), width, `${text} in ${width}`);
    }
});

for (const [text, press, expected] of [
  ["q", { name: "q" }, "q"],
  ["Q", { name: "q" }, "Q"],
  ["<", {}, "<"],
  ["é", {}, "é"],
  [" ", { name: "space" }, "space"],
  ["\r", { name: "return" }, "enter"],
  [undefined, { name: "pageup", sequence: "\x1b[5~" }, "page-up"],
  [undefined, { name: "up", sequence: "\x1b[A" }, "up"],
  ["\x03", { name: "c", ctrl: true }, "ctrl-c"],
  ["\x7f", { name: "backspace", sequence: "\x7f" }, "backspace"],
  // As Node says it of the key alone, and of Alt with a letter.
  [undefined, { name: "escape", meta: true, sequence: "\x1b" }, "escape"],
  ["\x1bx", { name: "x", meta: true, sequence: "\x1bx" }, undefined],
  [undefined, {}, undefined],
] as const) {
  test(`key ${JSON.stringify(text ?? press)} is ${expected}`, () =>
    assert.is(keyName(text, press), expected));
}

function typed(keys: readonly string[], line: EditedLine = EMPTY_LINE): EditedLine {
  return keys.reduce(edited, line);
}

test("a line is typed and corrected", () => {
  assert.equal(typed([..."ret", "space", "<", "0"]), { text: "ret <0", cursor: 6 });
  assert.equal(typed(["home", "x", "end", "backspace"], { text: "ret", cursor: 3 }).text, "xre");
  assert.equal(typed(["left", "left", "delete"], { text: "a🚀b", cursor: 4 }).text, "ab");
  assert.equal(typed(["ctrl-w"], { text: "dt > 10ms", cursor: 9 }).text, "dt > ");
  assert.equal(typed(["ctrl-u", "ctrl-k"], { text: "abc", cursor: 1 }).text, "");
  assert.equal(typed(["page-up", "f1"]).text, "");
});

test("a completion takes the place of what it completes", () => {
  assert.equal(replaced({ text: "re > 1", cursor: 2 }, 0, "ret"), { text: "ret > 1", cursor: 3 });
});

test.run();
