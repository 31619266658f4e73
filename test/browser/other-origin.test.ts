/** A page of another port, in a real browser: it starts no query, by whatever a page can make a browser send. */

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { get, withRecorded } from "../server/lab.ts";
import { needs } from "../support/needs.ts";

const plainTest = suite("browser/other-origin");
const test = needs(plainTest, ["chromium"]);

/** All that a page may try, one after the other; it ends with a form, which leaves the page. */
function page(target: string): string {
  const query = `${target}/v1/query?limit=1&format=csv`;
  return `<!doctype html><title>other</title>
<link rel="stylesheet" href="${query}&by=style"><link rel="prefetch" href="${query}">
<img src="${query}"><script src="${query}"></script><iframe src="${query}"></iframe>
<video src="${query}"></video><object data="${query}"></object>
<form id="get" action="${target}/v1/query" target="frame"><input name="limit" value="1"></form>
<form id="post" method="post" enctype="text/plain" action="${target}/v1/query" target="frame">
<input name='{"limit":1,"format":"csv","x' value='":1}'></form>
<iframe name="frame"></iframe>
<a id="link" href="${query}" target="frame">link</a>
<script type="module">
const tried = [];
const attempt = async (name, work) => { try { tried.push(name + ": " + await work()); } catch (error) { tried.push(name + ": refused"); } };
const json = { method: "POST", body: '{"limit":1}', headers: { "Content-Type": "application/json" } };
await attempt("fetch", () => fetch("${query}").then((answer) => answer.status));
await attempt("no-cors", () => fetch("${query}", { mode: "no-cors" }).then((answer) => answer.type));
await attempt("post", () => fetch("${target}/v1/query", json).then((answer) => answer.status));
await attempt("post no-cors", () => fetch("${target}/v1/query", { ...json, mode: "no-cors", headers: {} }).then((answer) => answer.type));
await attempt("delete", () => fetch("${target}/v1/queries/1", { method: "DELETE" }).then((answer) => answer.status));
await attempt("events", () => new Promise((resolve, reject) => { const source = new EventSource("${query}"); source.onmessage = resolve; source.onerror = reject; }));
await attempt("websocket", () => new Promise((resolve, reject) => {
  const socket = new WebSocket("${target.replace("http", "ws")}/v1/query", "tracewire.v1");
  socket.onopen = () => { socket.send('{"limit":1}'); resolve("open"); };
  socket.onerror = () => reject();
}));
await attempt("beacon", () => navigator.sendBeacon("${query}", "{}"));
document.getElementById("get").submit();
await new Promise((done) => setTimeout(done, 300));
document.getElementById("post").submit();
await new Promise((done) => setTimeout(done, 300));
document.getElementById("link").click();
await new Promise((done) => setTimeout(done, 500));
window.tried = tried;
</script>`;
}

test("no query starts from a page of another origin", async () => {
  const refusals: string[] = [];
  await withRecorded(
    async (server) => {
      const other = createServer((_, response) => {
        response.setHeader("Content-Type", "text/html");
        response.end(page(server.url));
      });
      other.listen(0, "127.0.0.1");
      await once(other, "listening");
      const which = spawnSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" });
      const browser = await chromium.launch({
        executablePath: which.stdout.trim(),
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      });
      try {
        const tab = await browser.newPage();
        tab.setDefaultTimeout(30_000);
        for (const host of ["127.0.0.1", "localhost"]) {
          await tab.goto(`http://${host}:${(other.address() as AddressInfo).port}/`);
          await tab.waitForFunction("window.tried !== undefined");
          const tried = (await tab.evaluate("window.tried")) as string[];
          // What is opaque to the page was refused all the same: the metrics say so.
          for (const one of tried) assert.is(/: (200|open)$/.test(one), false, one);
        }
      } finally {
        await browser.close();
        other.closeAllConnections();
        other.close();
      }
      const metrics = (await get(server, "/metrics")).body.toString();
      const ended = [...metrics.matchAll(/^tracewire_queries_total\{.*\} (\d+)$/gm)];
      assert.is(ended.length, 4);
      assert.equal([...new Set(ended.map(([, count]) => count))], ["0"]);
      assert.match(metrics, /^tracewire_queries_running 0$/m);
      assert.match(metrics, /^tracewire_http_responses_total\{status="403"\} \d\d/m);
    },
    { log: (text) => refusals.push(text) },
  );
  assert.ok(refusals.length > 10, `${refusals.length} refusals`);
});

plainTest.run();
