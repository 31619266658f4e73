import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ChunkQueue } from "../../src/relay/chunk-queue.ts";
import { requestDecoding, type UnknownRequest } from "../../src/relay/decode-request.ts";
import { Decoder } from "../../src/relay/decoding.ts";
import { encodeRequest } from "../../src/relay/encode-request.ts";
import type { Request } from "../../src/relay/messages.ts";
import { byteByByte, eachCut } from "../support/splits.ts";

const test = suite("relay/requests");

const golden: [Request, string][] = [
  [
    { kind: "connect", major: 2, minor: 4, type: 1 },
    "0000000000000014 00000001 00000000 ffffffffffffffff 00000002 00000004 00000001",
  ],
  [
    { kind: "connect", major: 2, minor: 15, type: 1 },
    "0000000000000014 00000001 00000000 ffffffffffffffff 00000002 0000000f 00000001",
  ],
  [{ kind: "list-sessions" }, "0000000000000000 00000002 00000000"],
  [
    { kind: "attach-session", session: 5n, seek: 2 },
    "0000000000000014 00000003 00000000 0000000000000005 0000000000000000 00000002",
  ],
  [
    { kind: "next-index", stream: 2n ** 64n - 2n },
    "0000000000000008 00000004 00000000 fffffffffffffffe",
  ],
  [
    { kind: "packet", stream: 17n, offset: 2n ** 40n, length: 65536 },
    "0000000000000014 00000005 00000000 0000000000000011 0000010000000000 00010000",
  ],
  [{ kind: "metadata", stream: 18n }, "0000000000000008 00000006 00000000 0000000000000012"],
  [{ kind: "new-streams", session: 5n }, "0000000000000008 00000007 00000000 0000000000000005"],
  [{ kind: "create-session" }, "0000000000000000 00000008 00000000"],
  [{ kind: "detach-session", session: 5n }, "0000000000000008 00000009 00000000 0000000000000005"],
];

for (const [request, hex] of golden) {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");

  test(`writes ${request.kind} byte for byte`, () => {
    assert.is(Buffer.from(encodeRequest(request)).toString("hex"), bytes.toString("hex"));
  });

  test(`reads ${request.kind} back, cut anywhere`, () => {
    for (const pieces of [[bytes], byteByByte(bytes), ...eachCut(bytes)]) {
      assert.equal(read(pieces), request);
    }
  });
}

test("reads the payload that the command implies, whatever size the header announces", () => {
  const bytes = encodeRequest({ kind: "list-sessions" });
  bytes[7] = 99;
  assert.equal(read([bytes]), { kind: "list-sessions" });
});

test("reports a command that the protocol does not have", () => {
  const bytes = encodeRequest({ kind: "list-sessions" });
  bytes[11] = 77;
  assert.equal(read([bytes]), { kind: "unknown", command: 77 });
});

test.run();

/** The request, which must be there with the last piece and not before. */
function read(pieces: readonly Uint8Array[]): Request | UnknownRequest | undefined {
  const queue = new ChunkQueue();
  const decoder = new Decoder(requestDecoding());
  let request: Request | UnknownRequest | undefined;
  for (const piece of pieces) {
    assert.is(request, undefined);
    queue.push(piece);
    request = decoder.take(queue);
  }
  assert.is(queue.length, 0);
  return request;
}
