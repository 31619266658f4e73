/** Metadata of a cut: the text of the original, without the event classes that nothing is of, or with another UUID. */

import { DeclarationEnd } from "../ctf/declaration-end.ts";
import { type JsonValue, parseJson } from "../ctf/json.ts";
import { MetadataReader } from "../ctf/metadata.ts";
import { RECORD_SEPARATOR } from "../ctf/metadata-sections.ts";
import type { EventClass, TraceClass } from "../ctf/trace-class.ts";
import type { Declaration, Value } from "../ctf/tsdl-ast.ts";
import { parseTsdl } from "../ctf/tsdl-parser.ts";

export interface MetadataChanges {
  /** Event classes of which there are records; `undefined`: all stay. */
  readonly occurring: ReadonlySet<EventClass> | undefined;
  /** Of the trace, 16 bytes; `undefined`: it stays. */
  readonly uuid: Uint8Array | undefined;
}

/** A part of the text and what stands there instead. */
interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Makes the metadata of a cut: bytes as they are where nothing changes, else text without packets.
 * @param metadata that is read as `traceClass`
 */
export function cutMetadata(
  metadata: Uint8Array,
  traceClass: TraceClass,
  { occurring, uuid }: MetadataChanges,
): Uint8Array {
  if (occurring === undefined && uuid === undefined) return metadata;
  const reader = new MetadataReader();
  reader.append(metadata);
  const { text } = reader;
  const isJson = text.charCodeAt(0) === RECORD_SEPARATOR;
  const changes = isJson ? jsonChanges : tsdlChanges;
  const isDropped = (streamId: number | undefined, id: number): boolean => {
    if (occurring === undefined) return false;
    const streams = [...traceClass.streamClasses.values()];
    const stream = streamId === undefined ? streams[0] : traceClass.streamClasses.get(streamId);
    const eventClass = stream?.eventClasses.get(id);
    return eventClass !== undefined && !occurring.has(eventClass);
  };
  const cut = changed(text, changes(text, isDropped, uuid));
  if (cut === text) return metadata;
  const bytes = encoded(cut);
  if (saysTheSame(bytes, traceClass, occurring)) return bytes;
  // An event class may say something of its stream, such as its clock: then all of them stay.
  return cutMetadata(metadata, traceClass, { occurring: undefined, uuid });
}

/** What of growing metadata can be read: bytes as they are, or their text up to the last declaration that is whole. */
export function wholeMetadata(metadata: Uint8Array): Uint8Array {
  const reader = new MetadataReader();
  reader.append(metadata);
  if (!reader.isUnfinished) return metadata;
  const { text } = reader;
  const isJson = text.charCodeAt(0) === RECORD_SEPARATOR;
  const end = isJson
    ? text.lastIndexOf(String.fromCharCode(RECORD_SEPARATOR))
    : parseTsdl(text, 0).consumed;
  return encoded(text.slice(0, end));
}

function encoded(text: string): Uint8Array {
  // Readers know bare TSDL by its first line, which text in packets need not have.
  const hasSignature = text.charCodeAt(0) === RECORD_SEPARATOR || text.startsWith("/* CTF ");
  return new TextEncoder().encode(hasSignature ? text : `/* CTF 1.8 */\n\n${text}`);
}

type Dropped = (streamId: number | undefined, id: number) => boolean;

function changed(text: string, changes: readonly Change[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, text: instead } of changes) {
    parts.push(text.slice(at, start), instead);
    at = end;
  }
  return [...parts, text.slice(at)].join("");
}

function saysTheSame(
  metadata: Uint8Array,
  { streamClasses }: TraceClass,
  occurring: ReadonlySet<EventClass> | undefined,
): boolean {
  const reader = new MetadataReader();
  let got: TraceClass;
  try {
    reader.append(metadata);
    got = reader.finish();
  } catch {
    return false;
  }
  if (got.streamClasses.size !== streamClasses.size) return false;
  return [...streamClasses].every(([id, { clock, eventClasses }]) => {
    const stream = got.streamClasses.get(id);
    if (stream?.clock?.name !== clock?.name) return false;
    return [...eventClasses.values()].every(
      (one) => occurring?.has(one) === false || stream?.eventClasses.get(one.id)?.name === one.name,
    );
  });
}

// --- TSDL

function tsdlChanges(text: string, isDropped: Dropped, uuid: Uint8Array | undefined): Change[] {
  const changes: Change[] = [];
  for (const { start, end } of declarationsOf(text)) {
    if (isAt(EVENT, text, start)) {
      const { id, streamId } = eventIds(text, start, end);
      if (isDropped(streamId, id)) changes.push({ start, end: endOfLines(text, end), text: "" });
    } else if (uuid !== undefined && isAt(TRACE, text, start)) {
      const own = entryNamed(entriesOf(text.slice(start, end)), "uuid")?.span;
      if (own !== undefined)
        changes.push({
          start: start + own.start,
          end: start + own.end,
          text: `"${uuidText(uuid)}"`,
        });
    }
  }
  return changes;
}

const SPACE = /(?:\s+|\/\*[\s\S]*?\*\/|\/\/.*)*/y;
const EVENT = /event\b/y;
const TRACE = /trace\b/y;

function isAt(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}

/** Where the declarations of a text begin and end. */
function* declarationsOf(
  text: string,
): Generator<{ readonly start: number; readonly end: number }> {
  for (let at = 0; ; ) {
    SPACE.lastIndex = at;
    const start = at + SPACE.exec(text)![0].length;
    const end = new DeclarationEnd(start);
    if (!end.isIn(text)) return;
    at = end.at;
    yield { start, end: at };
  }
}

/** The entries of a block up to the first that has a block of its own: names, and numbers that mean what they look like. */
const PLAIN_EVENT = /event\s*\{\s*((?:\w+\s*=\s*(?:[1-9]\d*|0|"[^"\\]*")\s*;\s*)*)/y;
const PLAIN_NUMBER = /(\w+)\s*=\s*(?:(\d+)|"[^"]*")/g;

/** The ids of an event class and its stream class, as tracers write them: before its fields; else its declaration is parsed. */
function eventIds(
  text: string,
  start: number,
  end: number,
): { readonly id: number; readonly streamId: number | undefined } {
  PLAIN_EVENT.lastIndex = start;
  const plain = PLAIN_EVENT.exec(text)?.[1] ?? "";
  const numbers = new Map<string, number>();
  for (const [, name, number] of plain.matchAll(PLAIN_NUMBER))
    if (number !== undefined) numbers.set(name!, Number(number));
  const [id, streamId] = [numbers.get("id"), numbers.get("stream_id")];
  if (id !== undefined && streamId !== undefined) return { id, streamId };
  const entries = entriesOf(text.slice(start, end));
  return {
    id: numberOf(entryNamed(entries, "id")) ?? 0,
    streamId: numberOf(entryNamed(entries, "stream_id")),
  };
}

type Entries = Extract<Declaration, { readonly kind: "block" }>["entries"];

/** The entries of a block. @param text of one declaration */
function entriesOf(text: string): Entries {
  const [declaration] = parseTsdl(text, 0).declarations;
  return declaration !== undefined && "block" in declaration ? declaration.entries : [];
}

function entryNamed(entries: Entries, wanted: string): Value | undefined {
  for (const entry of entries)
    if (entry.kind === "value" && entry.name === wanted) return entry.value;
  return undefined;
}

function numberOf(value: Value | undefined): number | undefined {
  return value?.kind === "integer" ? Number(value.value) : undefined;
}

/** Behind the line ends that follow. */
function endOfLines(text: string, at: number): number {
  let end = at;
  while (text[end] === "\n" || text[end] === "\r") end++;
  return end;
}

function uuidText(uuid: Uint8Array): string {
  const digits = Buffer.from(uuid).toString("hex");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// --- CTF 2

function jsonChanges(text: string, isDropped: Dropped, uuid: Uint8Array | undefined): Change[] {
  const separator = String.fromCharCode(RECORD_SEPARATOR);
  const changes: Change[] = [];
  for (let start = text.indexOf(separator); start !== -1; ) {
    const next = text.indexOf(separator, start + 1);
    const end = next === -1 ? text.length : next;
    if (text.slice(start + 1, end).trim() !== "") {
      const fragment = parseJson(text, start + 1, end);
      if (isDroppedClass(fragment, isDropped)) changes.push({ start, end, text: "" });
      else if (uuid !== undefined) changes.push(...uuidChanges(fragment, uuid));
    }
    start = next;
  }
  return changes;
}

function isDroppedClass(fragment: JsonValue, isDropped: Dropped): boolean {
  if (textOf(fragment, "type") !== "event-record-class") return false;
  const number = (name: string): number => {
    const value = memberOf(fragment, name);
    return value?.kind === "integer" ? Number(value.value) : 0;
  };
  return isDropped(number("data-stream-class-id"), number("id"));
}

/** The UUID of the preamble, and the identity of the trace class where it has one. */
function uuidChanges(fragment: JsonValue, uuid: Uint8Array): Change[] {
  const type = textOf(fragment, "type");
  const instead = (value: JsonValue | undefined, text: string): Change[] =>
    value === undefined ? [] : [{ ...value.span, text }];
  if (type === "preamble")
    return instead(memberOf(fragment, "uuid"), JSON.stringify(Array.from(uuid)));
  if (type === "trace-class")
    return instead(memberOf(fragment, "uid"), JSON.stringify(uuidText(uuid)));
  return [];
}

function memberOf(value: JsonValue, name: string): JsonValue | undefined {
  return value.kind === "object" ? value.members.get(name) : undefined;
}

function textOf(value: JsonValue, name: string): string | undefined {
  const member = memberOf(value, name);
  return member?.kind === "string" ? member.value : undefined;
}
