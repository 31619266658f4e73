/** Windows of `top` over a live session that brings much at once are those of the recorded trace. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { replay } from "../../src/replay/server.ts";
import { recordedTrace } from "../support/traces.ts";
import { tracewire } from "../support/tracewire.ts";

const test = suite("top/live-windows");

/** Lines of all windows but the last two, of which a live session knows more: time goes on behind the last switch of tasks. */
function wholeWindows(csv: string): string[] {
  const lines = csv.trim().split("\n");
  const times = [...new Set(lines.map((line) => line.split(",")[0]!))];
  return lines.filter((line) => !times.slice(-2).includes(line.split(",")[0]!));
}

test("a window that is printed has what every query says of it", async () => {
  const trace = await recordedTrace("small");
  // Rows wait a second for names of containers: that is many windows here.
  const relayd = await replay([trace.path], { speed: 5, session: "top" });
  try {
    const how = ["containers", "--every", "200ms", "--format", "csv"];
    const recorded = await tracewire("top", trace.path, ...how).output();
    const live = await tracewire("top", relayd.urls[0]!, ...how).output();
    assert.ok(wholeWindows(recorded).length > 100);
    assert.equal(wholeWindows(live), wholeWindows(recorded));
  } finally {
    await relayd.close();
    await trace.remove();
  }
});

test.run();
