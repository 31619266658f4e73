import { serve as startServer } from "../server/server.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { Address } from "./options.ts";
import { note } from "./report.ts";

/** `tracewire serve`: serves until Ctrl-C. */
export async function serve(
  sources: readonly string[],
  options: { readonly listen: Address; readonly from: "beginning" | "now" },
): Promise<void> {
  const { host, port } = options.listen;
  const server = await startServer(sources, { host, port, from: options.from, log: note });
  process.stdout.write(`${server.url}\n`);
  note("serving; Ctrl-C ends it");
  await untilInterrupted();
  await server.close();
}
