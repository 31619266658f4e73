import type { UnknownRequest } from "../../src/relay/decode-request.ts";
import {
  encodeCreateSessionReply,
  encodeDetachReply,
  encodeMetadataReply,
  encodeNewStreamsReply,
  encodeNextIndexReply,
  encodePacketReply,
} from "../../src/relay/encode-reply.ts";
import type { Request, StreamDescriptor } from "../../src/relay/messages.ts";
import type { Answer } from "./memory-relayd.ts";
import { packetKey, type Recorded, type Recording } from "./recording.ts";

/**
 * Answers by what is asked, not by when: the viewer that was recorded had its own order of requests. What the recording
 * has no more answer for is at its end, and answered as a relayd does at the end.
 */
export function playback(recording: Recording): (request: Request | UnknownRequest) => Answer {
  const newStreams = copyQueues(recording.newStreams);
  const metadata = copyQueues(recording.metadata);
  const indexes = copyQueues(recording.indexes);
  const announced = new Map<bigint, bigint[]>();

  const announce = (session: bigint, streams: readonly StreamDescriptor[]): void => {
    const ids = streams.map((stream) => stream.id);
    announced.set(session, [...(announced.get(session) ?? []), ...ids]);
  };

  return (request) => {
    switch (request.kind) {
      case "connect":
        return recording.connect;
      case "list-sessions":
        return recording.list;
      case "create-session":
        return encodeCreateSessionReply({ kind: "ok" });
      case "attach-session": {
        const attach = recording.attach.get(request.session);
        if (attach?.reply.kind === "ok") announce(request.session, attach.reply.streams);
        return attach?.bytes ?? "close";
      }
      case "new-streams": {
        const next = newStreams.get(request.session)?.shift();
        if (next?.reply.kind === "ok") {
          announce(request.session, next.reply.streams);
          return next.bytes;
        }
        // A relayd hangs up only when every stream was read to its end.
        const ids = announced.get(request.session) ?? [];
        const isRead = ids.every((id) => (indexes.get(id)?.length ?? 0) === 0);
        return encodeNewStreamsReply(isRead ? { kind: "hang-up" } : { kind: "ok", streams: [] });
      }
      case "metadata":
        return (
          metadata.get(request.stream)?.shift()?.bytes ?? encodeMetadataReply({ kind: "error" })
        );
      case "next-index": {
        const next = indexes.get(request.stream)?.shift();
        if (next === undefined) {
          return encodeNextIndexReply({ kind: "hang-up", newMetadata: false, newStream: false });
        }
        // babeltrace2 2.1 asks for metadata before the relayd announces them, so that the recording has no flag for these.
        const hasMore = [...metadata.values()].flat().some(({ reply }) => reply.kind === "ok");
        return hasMore ? encodeNextIndexReply({ ...next.reply, newMetadata: true }) : next.bytes;
      }
      case "packet":
        return (
          recording.packets.get(packetKey(request))?.bytes ?? encodePacketReply({ kind: "error" })
        );
      case "detach-session":
        return encodeDetachReply({ kind: "ok" });
      case "unknown":
        return "close";
    }
  };
}

function copyQueues<T>(map: Map<bigint, Recorded<T>[]>): Map<bigint, Recorded<T>[]> {
  return new Map([...map].map(([id, list]) => [id, [...list]]));
}
