import { hasSpareProcessors } from "../query/threads.ts";
import type { NamedPlaces } from "../runtimes/place-kinds.ts";
import { serve as startServer } from "../server/server.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { Address } from "./options.ts";
import { note } from "./report.ts";

/** `tracewire serve`: serves until Ctrl-C. */
export async function serve(
  sources: readonly string[],
  options: {
    readonly listen: Address;
    readonly token?: string;
    readonly from: "beginning" | "now";
    readonly wait?: true;
    readonly retain: number;
    readonly reconnect: boolean;
    readonly containers?: "auto" | NamedPlaces;
  },
): Promise<void> {
  const { listen, retain: retainBytes, ...served } = options;
  const server = await startServer(sources, {
    ...listen,
    ...served,
    inThread: hasSpareProcessors(sources),
    retainBytes,
    log: note,
  });
  process.stdout.write(`${server.url}\n`);
  note("serving; Ctrl-C ends it");
  await untilInterrupted();
  await server.close();
}
