/**
 * Classes that large metadata declare, kept between runs of the program: reading a kernel's thousand event classes takes longer than
 * scanning a million events.
 *
 * A file holds the text that was read besides what was read of it, so that it is taken for that text alone, and only by the very
 * program that wrote it.
 */

import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import { type FileKind, OwnFiles } from "../base/own-files.ts";
import type { TraceClass } from "./trace-class.ts";

/** The checksum of the bundle that runs; not there where the program runs from its parts, which change between runs. */
declare const bundleSum: number | undefined;

/** Smaller texts are read as quickly. */
const WORTH_CHARACTERS = 64 << 10;
const MAX_FILES = 16;
const PREFIX = "classes-";

/** "TWT1"; the word is the length of the text, bytes. */
const MAGIC = 0x31545754;

/** What an earlier run read of a text. */
export function readKept(text: string): TraceClass | undefined {
  const files = filesFor(text);
  if (files === undefined) return undefined;
  const key = Buffer.from(text);
  const kept = files.read(nameOf(key), kind());
  if (kept === undefined || kept.word !== key.length) return undefined;
  if (!kept.rest.subarray(0, key.length).equals(key)) return undefined;
  try {
    return deserialize(kept.rest.subarray(key.length)) as TraceClass;
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
  files.write(nameOf(key), kind(), { rest, word: key.length });
  files.keepNewest(PREFIX, MAX_FILES);
}

function kind(): FileKind {
  return { magic: MAGIC, programSum: bundleSum! };
}

function filesFor(text: string): OwnFiles | undefined {
  const isCached = typeof bundleSum === "number" && text.length >= WORTH_CHARACTERS;
  return isCached ? OwnFiles.open() : undefined;
}

function nameOf(key: Buffer): string {
  return `${PREFIX}${crc32(key).toString(16)}-${process.version}-${process.arch}`;
}
