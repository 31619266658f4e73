/** One system call as a line in strace's grammar: `openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3</etc/passwd>`. */

import { addressText, argumentText, type PathOf, type Recorded } from "./argument.ts";
import { type Arguments, DEPENDENT } from "./dependent-arguments.ts";
import { fileSetText } from "./file-sets.ts";
import { argumentOfField, argumentOrder } from "./names.ts";
import { readingOf } from "./readings.ts";
import { ADDRESS_FIELDS, socketAddress } from "./socket-address.ts";

export type Fields = Readonly<Record<string, Recorded>>;

/** A call as far as it is recorded. */
export interface Call {
  readonly name: string;
  readonly entry: Fields | undefined;
  readonly exit: Fields | undefined;
}

/** Fields of a call for which LTTng has no table: its registers, by the names that its prototype has for them. */
export function fieldsOf(name: string, recorded: Fields): Fields {
  const registers = recorded["args"];
  if (recorded["id"] === undefined || !Array.isArray(registers)) return recorded;
  const order = argumentOrder(name);
  return Object.fromEntries(order.map((argument, i) => [argument, registers[i] ?? 0]));
}

/** Of what a call's exit records: what the call itself gave. Those for which LTTng has no table repeat their number and registers. */
export function resultsOf(recorded: Fields): Fields {
  const { id: _number, args: _registers, ...results } = recorded;
  return results;
}

/** What LTTng adds to a call to describe another field. */
const DESCRIBES = /^(ret|overflow|fds_length|.*_length|_.*)$/;

/** Arguments in the order of the call: those of its prototype, others behind what they were recorded behind. */
export function orderedArguments({
  name,
  entry,
  exit,
}: Call): readonly (readonly [string, Recorded])[] {
  const order = argumentOrder(name);
  const recorded = new Map<string, Recorded>();
  for (const fields of [entry, exit])
    for (const [field, value] of Object.entries(fields ?? {})) {
      const argument = argumentOfField(order, field);
      if (!DESCRIBES.test(field) && !recorded.has(argument)) recorded.set(argument, value);
    }
  let before = -1;
  const placed = [...recorded].map(([argument, value]) => {
    const at = order.indexOf(argument);
    before = at === -1 ? before + 0.01 : at;
    return { argument, value, place: before };
  });
  return placed.sort((a, b) => a.place - b.place).map(({ argument, value }) => [argument, value]);
}

export function argumentsText(call: Call, pathOf: PathOf): string {
  return argumentTexts(call, orderedArguments(call), pathOf).join(", ");
}

/** Arguments up to the first that only the exit records, with the comma behind them if others follow, as strace has them. */
export function unfinishedText(call: Call, pathOf: PathOf): string {
  const recorded = orderedArguments({ ...call, exit: undefined });
  const order = argumentOrder(call.name);
  const names = new Set(recorded.map(([name]) => name));
  const missing = order.findIndex((name) => !names.has(name));
  const isWhole = missing === -1 || order.length === 0;
  const shown = isWhole
    ? recorded
    : recorded.filter(([name]) => order.slice(0, missing).includes(name));
  const text = argumentTexts(call, shown, pathOf).join(", ");
  return text === "" || isWhole ? text : `${text}, `;
}

function argumentTexts(
  call: Call,
  ordered: readonly (readonly [string, Recorded])[],
  pathOf: PathOf,
): readonly string[] {
  const { name } = call;
  const values: Arguments = Object.fromEntries(ordered);
  const dependent = DEPENDENT[name];
  if (dependent !== undefined && ordered.length > 0) return dependent(values, pathOf);
  const hasSets = /^p?select6?$/.test(name);
  const isMade = !/^(open|openat|mq_open)$/.test(name) || creates(values);
  return ordered
    .filter(([argument]) => !ADDRESS_FIELDS.test(argument) || !hasAddress(name))
    .filter(([argument]) => (argument !== "mode" && argument !== "attr") || isMade)
    .map(([argument, value]) => {
      if (isAddress(name, argument)) return addressOf(call, value);
      if (argument === "upeer_addrlen") return lengthText(call, value);
      if (hasSets && Array.isArray(value)) return fileSetText(value.map(Number), pathOf);
      if (value === "" && isUnread(call, argument, ordered)) return UNREAD;
      const text = argumentText(name, argument, value, pathOf);
      return Array.isArray(value) && isCut(call) ? text.replace(/\]$/, ", ...]") : text;
    });
}

const O_CREAT = 0o100;
const O_TMPFILE = 0o20000000;

/** A mode means nothing unless a file is made. */
function creates({ flags = 0, oflag = flags }: Arguments): boolean {
  return (Number(oflag) & (O_CREAT | O_TMPFILE)) !== 0;
}

/** LTTng records so many of a list only. */
function isCut({ entry, exit }: Call): boolean {
  return Number(entry?.["overflow"] ?? exit?.["overflow"] ?? 0) !== 0;
}

function hasAddress(name: string): boolean {
  return /^(connect|accept4?)$/.test(name);
}

function isAddress(name: string, argument: string): boolean {
  return hasAddress(name) && /^(uservaddr|upeer_sockaddr)$/.test(argument);
}

function succeeds({ exit }: Call): boolean {
  return exit !== undefined && Number(exit["ret"] ?? -1) >= 0;
}

/** What a call was given is known always; what it gave only if it succeeded. */
function addressOf(call: Call, pointer: Recorded): string {
  const isGiven = call.name === "connect";
  const address = socketAddress((isGiven ? call.entry : call.exit) ?? {});
  const isNull = Number(pointer) === 0;
  return address === undefined || isNull || !(isGiven || succeeds(call))
    ? addressText(pointer as number | string)
    : address;
}

/** `[16]`, `[110 => 2]`: the room for an address, and what it took. */
function lengthText(call: Call, before: Recorded): string {
  if (Number(call.entry?.["upeer_sockaddr"] ?? 1) === 0) return "NULL";
  const after = call.exit?.["upeer_addrlen"];
  const isSame = after === undefined || !succeeds(call) || Number(after) === Number(before);
  return isSame ? `[${String(before)}]` : `[${String(before)} => ${String(after)}]`;
}

/** strace's form of a text of which it shows nothing. */
const UNREAD = '""...';
const ENOENT = 2;
const AT_EMPTY_PATH = 0x1000;
/** Calls that take an empty path, or none at all. */
const TAKES_EMPTY =
  /^(readlinkat|utimensat|futimesat|mount|name_to_handle_at|.*xattr|memfd_create)$/;

/**
 * Whether an empty path is one that LTTng could not read, because it lay on a page that was not present: the kernel refuses
 * empty ones, unless a flag allows them.
 */
function isUnread(
  { name, exit }: Call,
  argument: string,
  ordered: readonly (readonly [string, Recorded])[],
): boolean {
  if (exit === undefined || TAKES_EMPTY.test(name)) return false;
  if (readingOf(name, argument).as !== "path" || Number(exit["ret"] ?? 0) === -ENOENT) return false;
  return !ordered.some(([other, value]) => {
    const reading = readingOf(name, other);
    return (
      "family" in reading &&
      /^(at|faccess)$/.test(reading.family) &&
      (Number(value) & AT_EMPTY_PATH) !== 0
    );
  });
}
