import type { SessionEntry } from "./messages.ts";
import type { LiveUrl } from "./url.ts";
import { Viewer, type ViewerOptions } from "./viewer.ts";

/**
 * What a relayd has to offer now, in its own order; one entry for each tracing domain of each session.
 *
 * @throws ProtocolError when the relayd cannot be reached or breaks the protocol
 */
export async function listSessions(
  url: Pick<LiveUrl, "host" | "port" | "family">,
  options: ViewerOptions = {},
): Promise<SessionEntry[]> {
  const viewer = await Viewer.open(url.host, url.port, { family: url.family, ...options });
  try {
    return await viewer.listSessions();
  } finally {
    viewer.close();
  }
}
