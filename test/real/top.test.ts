/** `tracewire top` on a session that goes on: a session daemon, a relay daemon, and a traced application. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { needs } from "../support/needs.ts";
import { Terminal } from "../support/terminal.ts";
import { MAIN } from "../support/traces.ts";

const test = suite("real/top");
const onLttng = needs(test, ["tmux"]) === test ? needsLttng(test) : test.skip;
const lttng = sharedLttng(test);

onLttng(
  "shows the events of a live session as they come, and leaves the terminal as it was",
  async () => {
    const daemons = await lttng();
    await daemons.createSession("topped", { contexts: ["pid_ns", "vpid", "vtid", "procname"] });
    const application = await daemons.application("one", { isContained: true });
    const terminal = new Terminal(120, 24);
    try {
      const url = daemons.url("topped");
      terminal.run(`clear && ${process.execPath} ${MAIN} top '${url}' --every 500ms --utc`);
      await terminal.until(/top containers/);
      const busy = (async () => {
        for (let i = 0; i < 12; i++) {
          await application.emit("tick", 100);
          await new Promise((resolve) => setTimeout(resolve, 250));
        }
      })();
      const screen = await terminal.until(new RegExp(`pid_ns:${application.pidNamespace}`));
      assert.match(screen, /top containers/);
      terminal.keys("Down", "Enter");
      await terminal.until(/top processes[\s\S]*\bapp\b/);
      await busy;
      terminal.keys("q");
      await terminal.until(/^\$ *$/m);
      assert.is(terminal.flag("alternate_on"), "0");
      assert.is(terminal.flag("cursor_flag"), "1");
    } finally {
      terminal.close();
    }
  },
);

test.run();
