/** Alerts: when they are raised and cleared, and what they do. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Alarm } from "../../src/watch/alarm.ts";
import { Folders } from "../support/folder.ts";
import { freePorts } from "../support/ports.ts";
import { run } from "../support/program.ts";
import { recordedTrace } from "../support/traces.ts";
import { tracewire } from "../support/tracewire.ts";

const test = suite("watch/watch");
const folders = new Folders();
const trace = await recordedTrace("small");
test.after(async () => {
  folders.removeAll();
  await trace.remove();
});

test("an alert is raised once, and cleared when nothing has come for a while", () => {
  const alarm = new Alarm({ after: 1, clearMs: 100, intervalMs: 0 });
  assert.equal(alarm.onRows(3, 0), { state: "raised", rows: 3, suppressed: 0 });
  assert.is(alarm.onRows(1, 50), undefined);
  assert.is(alarm.onTime(149), undefined);
  assert.equal(alarm.onTime(150), { state: "cleared", rows: 0, suppressed: 0 });
  assert.is(alarm.onTime(1000), undefined);
  assert.is(alarm.onRows(1, 1001)?.state, "raised");
});

test("it takes so many answers behind each other", () => {
  const alarm = new Alarm({ after: 3, clearMs: 100, intervalMs: 0 });
  for (const now of [0, 50, 200, 250]) assert.is(alarm.onRows(1, now), undefined, `${now}`);
  assert.is(alarm.onRows(1, 300)?.state, "raised");
});

test("alerts that come too soon are counted, and their ends are not notified", () => {
  const alarm = new Alarm({ after: 1, clearMs: 10, intervalMs: 1000 });
  assert.is(alarm.onRows(1, 0)?.state, "raised");
  assert.is(alarm.onTime(20)?.state, "cleared");
  assert.is(alarm.onRows(1, 30), undefined);
  assert.is(alarm.onTime(50), undefined);
  assert.is(alarm.onRows(1, 60), undefined);
  assert.equal(alarm.onRows(1, 1100), { state: "raised", rows: 1, suppressed: 2 });
});

const EXITS = '$event.name == "sched_process_exit" && comm == "find"';

test("--exit ends with the first alert, or with 1 without one", () => {
  const found = run(["watch", trace.path, EXITS, "--exit"]);
  assert.is(found.status, 0, found.stderr);
  const alert = JSON.parse(found.stdout);
  assert.equal([alert.state, alert.query], ["raised", EXITS]);
  assert.ok(alert.rows.length >= 1 && alert.row_count >= 1);
  assert.is(run(["watch", trace.path, EXITS.replace("find", "nothing"), "--exit"]).status, 1);
});

test("--exec gets the alert as JSON and in its environment, and its text is never of rows", () => {
  const folder = folders.make();
  const out = join(folder, "out");
  const { status } = run([
    "watch",
    trace.path,
    "|> syscalls |> n = count() by container |> where n > 100",
    "--exec",
    `cat > ${out}; echo "$TRACEWIRE_STATE $TRACEWIRE_ROWS" >> ${out}`,
  ]);
  assert.is(status, 0);
  const [json = "", state] = readFileSync(out, "utf8").trim().split("\n");
  const alert = JSON.parse(json);
  assert.is(state, `raised ${alert.row_count}`);
  assert.ok(alert.rows.some((row: { container: string }) => row.container === "some-redis"));
});

test("a command that fails is a warning", () => {
  const { stderr, status } = run(["watch", trace.path, EXITS, "--exec", "exit 7"]);
  assert.is(status, 0);
  assert.match(stderr, /--exec: ended with status 7/);
});

test("--webhook sends the alert, and a server that fails is a warning", async () => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      bodies.push(body);
      response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const child = tracewire("watch", trace.path, EXITS, "--webhook", `http://127.0.0.1:${port}/hook`);
  await child.output();
  assert.is(JSON.parse(bodies[0]!).state, "raised");
  assert.match(child.stderr, /--webhook: .*answered 500/);
  server.close();
});

test("--webhook says why nothing was sent, and refuses at once what nothing can be sent to", async () => {
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}/hook`;
  const { stderr, status } = run(["watch", trace.path, EXITS, "--webhook", url]);
  assert.is(status, 0);
  assert.match(stderr, "ECONNREFUSED");
  for (const wrong of ["nonsense", "ftp://127.0.0.1/", "localhost:80"])
    assert.is(run(["watch", trace.path, EXITS, "--webhook", wrong]).status, 2, wrong);
});

test.run();
