/** Forwards what a filter finds, a JSON object a line, to a TCP port: `node forward.js ./trace 5170`. */

import { connect } from "node:net";
import { pipeline } from "node:stream/promises";
import { query } from "tracewire";

const [source = "./trace", port = "5170"] = process.argv.slice(2);
const execs = query(source, {
  events: "sched_process_exec",
  select: ["timestamp", "container", "filename"],
});

await pipeline(execs.to("ndjson"), connect(Number(port), "127.0.0.1"));
