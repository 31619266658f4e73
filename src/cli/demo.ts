import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SourceError } from "../base/errors.ts";
import { type ReplayServer, replay } from "../replay/server.ts";
import { unpackTrace } from "../replay/unpack.ts";
import { serve } from "../server/server.ts";
import { colorsFor } from "./colors.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { Address } from "./options.ts";
import { note } from "./report.ts";

/** `tracewire demo`: a relayd look-alike replays a recorded session, and a server attaches to it as to any relayd. */
export async function demo(options: {
  readonly listen: Address;
  readonly relay: Address;
  readonly token?: string;
}): Promise<void> {
  const trace = await unpackTrace(demoTrace());
  try {
    const played = { loop: true, shiftToNow: true, session: "demo" };
    const own = await replay([trace.path], { ...played, overlap: true });
    // A session has one viewer, and the server is the first one's.
    const spare = await spareRelayd(trace.path, options.relay, played);
    try {
      const source = urlOf(own);
      const { listen, token } = options;
      const server = await serve([source], { ...listen, token, from: "beginning", log: note });
      process.stdout.write(greeting(server.url, urlOf(spare), token));
      await untilInterrupted();
      await server.close();
    } finally {
      await Promise.all([own.close(), spare.close()]);
    }
  } finally {
    await trace.remove();
  }
}

/** At its address, or at any port where another program has that. */
async function spareRelayd(
  path: string,
  { host, port }: Address,
  options: Parameters<typeof replay>[1],
): Promise<ReplayServer> {
  try {
    return await replay([path], { ...options, host, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    return replay([path], { ...options, host, port: 0 });
  }
}

function urlOf(relayd: ReplayServer): string {
  const [url] = relayd.urls;
  if (url !== undefined) return url;
  throw new SourceError("SOURCE_NO_TRACE", "demo: expected a session to replay, got none");
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

function greeting(url: string, spare: string, token: string | undefined): string {
  const colors = colorsFor(process.stdout);
  const command = colors.cyan;
  const query = `${url}/v1/query`;
  const shown = token === undefined ? "" : `-H "Authorization: Bearer $TRACEWIRE_TOKEN" `;
  const asked =
    token === undefined
      ? `u.urlopen("${query}?limit=1000")`
      : `u.urlopen(u.Request("${query}?limit=1000", headers={"Authorization": "Bearer " + os.environ["TRACEWIRE_TOKEN"]}))`;
  const imports = `pyarrow.ipc as i, urllib.request as u${token === undefined ? "" : ", os"}`;
  return `
${colors.bold("tracewire demo")}: a recorded session of a Linux machine with six containers, replayed in a loop.

  ${colors.bold(url)}   rows as they come, in your browser
  ${spare}   the session once more, for tail, babeltrace2 or another viewer

Three things worth trying in another terminal:
  ${command(`curl -N ${shown}-H 'Accept: application/x-ndjson' '${query}?events=sched_switch&select=timestamp,procname,next_comm'`)}
  ${command(`curl -N ${shown}-H 'Accept: text/csv' --data-urlencode "where=\\$container.name == 'some-redis' && filename == '/*'" -G '${query}'`)}
  ${command(`python3 -c 'import ${imports}; print(i.open_stream(${asked}).read_all())'`)}

Ctrl-C ends it.
`;
}
