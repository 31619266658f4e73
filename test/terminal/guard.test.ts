/** What others chose the name of must not steer a terminal: titles, cursor, colours, direction of text. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { drawing, guardTerminal, harmless } from "../../src/terminal/guard.ts";
import { Folders } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { run } from "../support/program.ts";
import { Terminal } from "../support/terminal.ts";
import { MAIN } from "../support/traces.ts";
import { Bytes, event, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("terminal/guard");
const folders = new Folders();
test.after(() => folders.removeAll());

const TITLE = "\x1b]0;OWNED\x07";

for (const [what, text, expected] of [
  ["plain lines stay", "a\tb\r\nc\n", "a\tb\r\nc\n"],
  ["own colours stay", "\x1b[31merror:\x1b[39m \x1b[2mdim\x1b[22m", undefined],
  ["a title", `x${TITLE}y`, "x\\x1b]0;OWNED\\x07y"],
  ["clearing", "\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H"],
  ["hidden text", "\x1b[8msecret", "\\x1b[8msecret"],
  ["eight-bit controls", "\u009b2J", "\\x9b2J"],
  ["a line written over", "evil\rgood", "evil\\rgood"],
  ["text that runs backwards", "a\u202eb", "a\\u{202e}b"],
  ["a tail of an escape", "\x1b[3", "\\x1b[3"],
] as const)
  test(what, () => assert.is(harmless(text), expected ?? text));

/** A stream that keeps what reaches it. */
function stream(isTTY: boolean): { isTTY: boolean; text: string; write(bytes: unknown): boolean } {
  return {
    isTTY,
    text: "",
    write(bytes) {
      this.text += typeof bytes === "string" ? bytes : Buffer.from(bytes as Uint8Array);
      return true;
    },
  };
}

test("a terminal gets escapes, files and pipes get bytes, drawings pass", () => {
  const [terminal, pipe] = [stream(true), stream(false)];
  for (const one of [terminal, pipe]) {
    guardTerminal(one as never);
    one.write(TITLE);
    one.write(Buffer.from(TITLE));
    one.write(drawing("\x1b[2A"));
  }
  const escaped = "\\x1b]0;OWNED\\x07";
  assert.is(terminal.text, `${escaped}${escaped}\x1b[2A`);
  assert.is(pipe.text, `${TITLE}${TITLE}\x1b[2A`);
});

test("a character that two writes share is one", () => {
  const terminal = stream(true);
  guardTerminal(terminal as never);
  const bytes = Buffer.from("é\n");
  for (let i = 0; i < bytes.length; i++) terminal.write(bytes.subarray(i, i + 1));
  assert.is(terminal.text, "é\n");
});

const hostile = folders.make({
  "trace/metadata": `${PREAMBLE}env { hostname = "h${TITLE}"; };\n${STREAM}${event(0, `ev${TITLE}`, "u8 _n;")}`,
  "trace/stream": packet(record(0, 1n, new Bytes().u8(1).take()), { end: 1n }),
});

needs(test, ["tmux"])("no command lets a trace set a terminal's title", async () => {
  const terminal = new Terminal(120, 40);
  try {
    terminal.run(`cd '${hostile}'`);
    const source = "trace";
    for (const [i, command] of [
      `tail ${source}`,
      `tail ${source} --format babeltrace`,
      `tail ${source} --format csv`,
      `tail ${source} --event x`,
      `info ${source}`,
      `containers ${source}`,
      `explain ${source} 'n == 1'`,
      `query ${source} '|> count() by event'`,
    ].entries()) {
      terminal.run(`clear; '${process.execPath}' '${MAIN}' ${command}; echo done $((${i}+100))`);
      const screen = await terminal.until(new RegExp(`done ${i + 100}`));
      assert.match(screen, /OWNED/, command);
      assert.is.not(terminal.flag("pane_title"), "OWNED", command);
    }
  } finally {
    terminal.close();
  }
});

test("a pipe gets the names as they are", () => {
  const { stdout } = run(["tail", `${hostile}/trace`, "--format", "csv"]);
  assert.ok(stdout.includes(TITLE), JSON.stringify(stdout));
});

test.run();
