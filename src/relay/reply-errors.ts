import { ProtocolError } from "../base/errors.ts";

/** A status outside its enumeration: the place in the byte stream is lost, or the peer is no relayd. */
export function badStatus(command: string, last: number, got: number, peer: string): ProtocolError {
  return badReply(`reading the reply to ${command} from ${peer}`, `status 1…${last}`, got, peer);
}

/** A value that a relayd never sends. */
export function badReply(
  reading: string,
  expected: string,
  got: number,
  peer: string,
): ProtocolError {
  return new ProtocolError("BAD_REPLY", `${reading}: expected ${expected}, got ${got}`, { peer });
}

/** A count or length over its cap; nothing was allocated for it. */
export function tooLong(
  reading: string,
  what: string,
  got: number | bigint,
  cap: number,
  peer: string,
): ProtocolError {
  const message = `${reading}: expected at most ${cap} ${what}, got ${got}`;
  return new ProtocolError("REPLY_TOO_LONG", message, { peer });
}
