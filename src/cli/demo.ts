import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import pc from "picocolors";
import { SourceError } from "../base/errors.ts";
import { replay } from "../replay/server.ts";
import { unpackTrace } from "../replay/unpack.ts";
import { serve } from "../server/server.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { Address } from "./options.ts";
import { note } from "./report.ts";

/** `tracewire demo`: a relayd look-alike replays a recorded session, and a server attaches to it as to any relayd. */
export async function demo(options: { readonly listen: Address }): Promise<void> {
  const trace = await unpackTrace(demoTrace());
  try {
    const relayd = await replay([trace.path], { loop: true, shiftToNow: true, overlap: true, session: "demo" });
    try {
      const [source] = relayd.urls;
      if (source === undefined)
        throw new SourceError("SOURCE_NO_TRACE", "demo: expected a session to replay, got none");
      const { host, port } = options.listen;
      const server = await serve([source], { host, port, from: "beginning", log: note });
      process.stdout.write(greeting(source, server.url));
      await untilInterrupted();
      await server.close();
    } finally {
      await relayd.close();
    }
  } finally {
    await trace.remove();
  }
}

/** The recorded session that the package carries. */
function demoTrace(): string {
  const found = ["../../../demo/small", "../../demo/small"]
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new SourceError(
    "SOURCE_NOT_FOUND",
    "demo: expected the recorded session demo/small beside the program, got none",
  );
}

function greeting(source: string, url: string): string {
  const command = pc.cyan;
  const query = `${url}/v1/query`;
  return `
${pc.bold("tracewire demo")}: a recorded session of a Linux machine with six containers, replayed in a loop.

  ${pc.bold(url)}   rows as they come, in your browser
  ${source}   the same, for any viewer of the live protocol

Three things worth trying in another terminal:
  ${command(`curl -N -H 'Accept: application/x-ndjson' '${query}?events=sched_switch&select=timestamp,procname,next_comm'`)}
  ${command(`curl -N -H 'Accept: text/csv' --data-urlencode "where=\\$ctx.pid_ns == 4026532220 && filename == '/*'" -G '${query}'`)}
  ${command(`python3 -c 'import pyarrow.ipc as i, urllib.request as u; print(i.open_stream(u.urlopen("${query}?limit=1000")).read_all())'`)}

Ctrl-C ends it.
`;
}
