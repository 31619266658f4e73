/**
 * Classes that large metadata declare, kept between runs of the program: reading a kernel's thousand event classes takes longer than
 * scanning a million events.
 *
 * A file holds the text that was read besides what was read of it, so that it is taken for that text alone, and only by the very
 * program that wrote it.
 */

import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import { OwnFiles } from "../base/own-files.ts";
import type { TraceClass } from "./trace-class.ts";

/** The checksum of the bundle that runs; not there where the program runs from its parts, which change between runs. */
declare const bundleSum: number | undefined;

/** Smaller texts are read as quickly. */
const WORTH_CHARACTERS = 64 << 10;
const MAX_FILES = 16;
const PREFIX = "classes-";

/** "TWT1", the checksums of the program and of the rest, and the length of the text, bytes. */
const MAGIC = 0x31545754;
const HEADER_BYTES = 16;

/** What an earlier run read of a text. */
export function readKept(text: string): TraceClass | undefined {
  const files = filesFor(text);
  if (files === undefined) return undefined;
  const key = Buffer.from(text);
  const bytes = files.read(nameOf(key));
  if (bytes === undefined || bytes.length <= HEADER_BYTES + key.length) return undefined;
  const rest = bytes.subarray(HEADER_BYTES);
  const isOfThis =
    bytes.readUInt32LE(0) === MAGIC &&
    bytes.readUInt32LE(4) === bundleSum &&
    bytes.readUInt32LE(8) === crc32(rest) &&
    bytes.readUInt32LE(12) === key.length &&
    rest.subarray(0, key.length).equals(key);
  if (!isOfThis) return undefined;
  try {
    return deserialize(rest.subarray(key.length)) as TraceClass;
  } catch {
    return undefined;
  }
}

/** Keeps what was read of a text, if that is worth it. */
export function writeKept(text: string, traceClass: TraceClass): void {
  const files = filesFor(text);
  if (files === undefined) return;
  const key = Buffer.from(text);
  const rest = Buffer.concat([key, serialize(traceClass)]);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt32LE(bundleSum!, 4);
  header.writeUInt32LE(crc32(rest), 8);
  header.writeUInt32LE(key.length, 12);
  files.write(nameOf(key), [header, rest]);
  files.keepNewest(PREFIX, MAX_FILES);
}

function filesFor(text: string): OwnFiles | undefined {
  const isCached = typeof bundleSum === "number" && text.length >= WORTH_CHARACTERS;
  return isCached ? OwnFiles.open() : undefined;
}

function nameOf(key: Buffer): string {
  return `${PREFIX}${crc32(key).toString(16)}-${process.version}-${process.arch}`;
}
