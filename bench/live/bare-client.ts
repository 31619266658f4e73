import { Seek } from "../../src/relay/abi.ts";
import type { PacketReply, StreamDescriptor } from "../../src/relay/messages.ts";
import { Viewer } from "../../src/relay/viewer.ts";

export interface Drained {
  readonly bytes: number;
  readonly seconds: number;
}

/** Attaches to a session and gives the data streams, from their beginnings. */
export async function attach(
  viewer: Viewer,
  session: string,
): Promise<{ id: bigint; streams: StreamDescriptor[] }> {
  await viewer.createSession();
  const entry = (await viewer.listSessions()).find(({ name }) => name === session);
  if (entry === undefined) throw new Error(`no session ${session}`);
  const reply = await viewer.attach(entry.id, Seek.beginning);
  if (reply.kind !== "ok") throw new Error(reply.kind);
  return { id: entry.id, streams: reply.streams.filter(({ isMetadata }) => !isMetadata) };
}

/** All streams at once, the next index asked behind each packet: the least that a client can do. */
export async function bare(
  port: number,
  session: string,
  patienceMs: number = Number.POSITIVE_INFINITY,
): Promise<Drained> {
  const viewer = await Viewer.open("127.0.0.1", port);
  const { id, streams } = await attach(viewer, session);
  const begin = performance.now();
  let bytes = 0;
  const drain = async (stream: bigint): Promise<void> => {
    let next = viewer.nextIndex(stream);
    for (;;) {
      const index = await next;
      if (index.kind !== "ok" || performance.now() - begin > patienceMs) return;
      const { offset, packetBits } = index.index;
      const packet: Promise<PacketReply> = viewer.packet(stream, offset, Number(packetBits / 8n));
      next = viewer.nextIndex(stream);
      const reply = await packet;
      if (reply.kind !== "ok") continue;
      bytes += reply.bytes.length;
      viewer.recycle(reply.bytes);
    }
  };
  await Promise.all(streams.map((stream) => drain(stream.id)));
  const seconds = (performance.now() - begin) / 1000;
  await viewer.detach(id);
  viewer.close();
  return { bytes, seconds };
}
