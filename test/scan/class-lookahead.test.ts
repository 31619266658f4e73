import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readPacketHeader } from "../../src/ctf/packet-header.ts";
import { ClassLookahead } from "../../src/scan/kernel/scan/class-lookahead.ts";
import {
  Bytes,
  event,
  joined,
  PREAMBLE,
  packet,
  record,
  STREAM,
  traceClassOf,
} from "../support/tsdl.ts";

const test = suite("scan/class-lookahead");

const RECORD_HEADER_BYTES = 10;
const traceClass = traceClassOf(
  [
    PREAMBLE,
    STREAM,
    event(1, "number", "u32 n;"),
    event(2, "text", "string s;"),
    event(3, "list", "u32 count; u16 values[count];"),
    event(4, "absent", "u8 n;"),
  ].join(""),
);
const number = record(1, 0n, new Bytes().u32(7).take());
const text = record(2, 0n, new Bytes().text("ü\0").take());
const list = record(3, 0n, new Bytes().u32(2).u16(1).u16(2).take());

/** Names of the classes that are found behind so many bytes of the records. */
function ahead(records: Uint8Array, skipped = 0): string[] {
  const bytes = packet(records);
  const header = readPacketHeader(bytes, traceClass);
  const found = new ClassLookahead().ahead(
    bytes,
    header,
    traceClass,
    header.headerBits + skipped * 8,
  );
  return [...found].map(({ name }) => name);
}

test("finds each class of the records that come, in their order", () => {
  assert.equal(ahead(joined(text, number, text, list, number)), ["text", "number", "list"]);
  assert.equal(ahead(joined(text, number, list), text.length), ["number", "list"]);
});

test("ends where the records make no sense", () => {
  const tooLong = record(3, 0n, new Bytes().u32(0xffff_ffff).take());
  assert.equal(ahead(joined(number, tooLong, text)), ["number", "list"]);
  assert.equal(ahead(joined(number, record(9, 0n, new Uint8Array(0)), text)), ["number"]);
  assert.equal(ahead(number.subarray(0, RECORD_HEADER_BYTES - 1)), []);
});

test("looks at so many records and no more", () => {
  const many = Array.from({ length: 500 }, () => number);
  assert.equal(ahead(joined(...many.slice(1), text)), ["number", "text"]);
  assert.equal(ahead(joined(...many, text)), ["number"]);
});

test.run();
