/** One attachment to a real relay daemon feeds a WebSocket, curl and pyarrow at the same time, with the same rows. */

import { tableFromIPC } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { serve } from "../../src/server/server.ts";
import { Client } from "../server/lab.ts";
import { Child } from "../support/child.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { needs } from "../support/needs.ts";

const test = suite("real/serve");
const daemons = sharedLttng(test);
needsLttng(test);
const run = needs(test, ["curl", "python3:pyarrow", "lttng-relayd", "unshare"]);

const SELECT = "timestamp,event,number,tag,pid_ns";

/** Nothing but pyarrow, and the URL. */
const NOTEBOOK = `
import json, sys
from urllib.request import urlopen
import pyarrow as pa
table = pa.ipc.open_stream(urlopen(sys.argv[1])).read_all()
times = table["timestamp"].cast(pa.int64()).to_pylist()
print(json.dumps([[str(t), n] for t, n in zip(times, table["number"].to_pylist())]))
`;

run(
  "gives the same rows to a WebSocket, to curl and to pyarrow while the session runs",
  async () => {
    const lttng = await daemons();
    await lttng.createSession("served", { contexts: ["procname", "vpid", "vtid", "pid_ns"] });
    const one = await lttng.application("one", { isContained: true, delayUs: 1000 });
    const other = await lttng.application("other", { isContained: true, delayUs: 1000 });
    const server = await serve([lttng.url("served")], { port: 0 });
    try {
      const where = `$ctx.pid_ns == ${one.pidNamespace}`;
      const query = new URLSearchParams({ where, select: SELECT });
      const url = `${server.url}/v1/query?${query}`;
      const socket = await Client.ask(server, { where, select: SELECT.split(",") });
      await socket.until(() => socket.frames.length > 0);
      const curl = new Child("curl", ["-sSNv", "-H", "Accept: application/x-ndjson", url]);
      await curl.until("was answered", () => curl.stderr.includes("200 OK"));
      const notebook = new Child("python3", ["-c", NOTEBOOK, `${url}&limit=100`]);
      // The notebook's query runs when the server says so: three beside the session itself.
      await Promise.all([one.emit("tick", 300), other.emit("tick", 200)]);
      await curl.until(
        "printed rows",
        () => curl.lines.filter((line) => line.startsWith("{")).length > 0,
      );
      await one.emit("tick", 300);
      assert.is(await one.end(), 600);
      assert.is(await other.end(), 200);
      await lttng.end("served");

      const end = await socket.last();
      assert.equal([end.type, end["rows"], end["dropped"]], ["end", 600, 0]);
      const table = tableFromIPC(socket.binary);
      const times = table.getChild("timestamp")?.toArray() as BigInt64Array;
      const arrow = Array.from({ length: table.numRows }, (_, i) => [
        times[i]!,
        table.getChild("number")?.get(i),
      ]);
      assert.equal(
        arrow.map(([, number]) => number),
        Array.from({ length: 600 }, (_, i) => i),
      );

      const rows = (await curl.output()).split("\n").filter((line) => line.startsWith("{"));
      const ndjson = rows.map((row) => JSON.parse(row));
      assert.equal(
        ndjson.map(({ timestamp, number }) => `${nanoseconds(timestamp)} ${number}`),
        arrow.map((pair) => pair.join(" ")),
      );
      assert.ok(
        ndjson.every(({ tag, pid_ns }) => tag === "one" && pid_ns === Number(one.pidNamespace)),
      );

      // It may have come after the first rows: what it got is a run of the same rows.
      const seen = JSON.parse(await notebook.output()) as [string, number][];
      assert.is(seen.length, 100);
      const first = seen[0]![1];
      assert.equal(
        seen.map((pair) => pair.join(" ")),
        arrow.slice(first, first + 100).map((pair) => pair.join(" ")),
      );
    } finally {
      await server.close();
    }
  },
);

function nanoseconds(iso: string): bigint {
  return BigInt(Date.parse(`${iso.slice(0, 19)}Z`)) * 1_000_000n + BigInt(iso.slice(20, 29));
}

test.run();
