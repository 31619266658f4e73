/**
 * The event that the measured cases speak of: `lab:ev`, ten records, k = 0…9, with the contexts that a trace would
 * hold. Built by hand: class, bytes and record view.
 */
import type { FieldRef } from "../../src/ctf/field-ref.ts";
import type {
  EventClass,
  FieldClass,
  FloatClass,
  IntegerClass,
  Member,
  StreamClass,
  StructureClass,
  TraceClass,
} from "../../src/ctf/trace-class.ts";
import type { LinkEnvironment } from "../../src/filter/link.ts";
import type { RecordView } from "../../src/filter/record-view.ts";

/** A member with the bytes it has in record `k`, and for texts and arrays the length that a view gives. */
export interface Sample {
  readonly member: Member;
  bytes(k: number): Uint8Array;
  length?(k: number): number;
}

export function integer(
  size: number,
  signed: boolean,
  byteOrder: IntegerClass["byteOrder"] = "little-endian",
): IntegerClass {
  return {
    kind: "integer",
    coding: "plain",
    form: "number",
    size,
    align: 8,
    signed,
    byteOrder,
    base: 10,
    mappings: undefined,
    roles: [],
    isClock: false,
    slot: undefined,
  };
}

export function float(size: 32 | 64): FloatClass {
  return { kind: "float", coding: "plain", size, align: 8, byteOrder: "little-endian" };
}

export function structure(members: readonly Member[]): StructureClass {
  return { kind: "structure", align: 8, members };
}

function sample(
  name: string,
  fieldClass: FieldClass,
  bytes: (k: number) => Uint8Array,
  length?: (k: number) => number,
): Sample {
  return { member: { name, fieldClass }, bytes, ...(length === undefined ? {} : { length }) };
}

const int = (
  name: string,
  size: 8 | 16 | 32 | 64,
  signed: boolean,
  value: (k: number) => bigint,
): Sample => sample(name, integer(size, signed), (k) => littleEndian(value(k), size));

function littleEndian(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size / 8 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

function doubleBytes(value: number, size: 32 | 64): Uint8Array {
  const view = new DataView(new ArrayBuffer(size / 8));
  if (size === 32) view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return new Uint8Array(view.buffer);
}

function ints(values: readonly bigint[], size: number): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => Array.from(littleEndian(value, size))));
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const STRINGS: readonly Uint8Array[] = [
  text("hypothec"),
  text("a*b"),
  text("abc"),
  text(""),
  text("foo bar"),
  text("ab\\c"),
  text("zzz"),
  Uint8Array.of(0xe9, 0x41, 0x7a),
  text("Abc"),
  text("abcdefghij"),
];
const string = (k: number): Uint8Array => STRINGS[k] ?? text("");
const terminated = (bytes: Uint8Array): Uint8Array => Uint8Array.of(...bytes, 0);
/** The first `n` bytes of the buffer that `s` is in; beyond the string it is zero. */
const cut = (k: number, n: number): Uint8Array =>
  Uint8Array.of(...string(k), ...new Uint8Array(n)).slice(0, n);
const untilNul = (bytes: Uint8Array): number =>
  bytes.indexOf(0) === -1 ? bytes.length : bytes.indexOf(0);
const BIG = 0x8000000000000001n;

export const PAYLOAD: readonly Sample[] = [
  int("k", 32, true, BigInt),
  int("neg", 32, true, (k) => BigInt(-k - 1)),
  int("u64", 64, false, (k) => (k === 9 ? BIG : BigInt(k))),
  int("i64", 64, true, (k) => (k === 9 ? BIG : BigInt(k))),
  int("u32", 32, false, () => 0xffffffffn),
  sample("net32", integer(32, false, "big-endian"), () => Uint8Array.of(0, 0, 0, 1)),
  sample("f32", float(32), (k) => doubleBytes(2.5 + k, 32)),
  sample("f64", float(64), (k) => doubleBytes(2.5 + k, 64)),
  sample("half", float(64), () => doubleBytes(0.5, 64)),
  sample("zero", float(64), () => doubleBytes(0, 64)),
  sample(
    "s",
    { kind: "string", align: 8, encoding: "utf-8" },
    (k) => terminated(string(k)),
    (k) => string(k).length,
  ),
  sample(
    "ta",
    { kind: "text", align: 8, length: { kind: "static", count: 8 }, encoding: "utf-8" },
    (k) => cut(k, 8),
    (k) => untilNul(cut(k, 8)),
  ),
  sample(
    "ts",
    { kind: "text", align: 8, length: { kind: "dynamic", slot: 0 }, encoding: "utf-8" },
    (k) => cut(k, 3),
    (k) => untilNul(cut(k, 3)),
  ),
  sample(
    "ai",
    { kind: "array", align: 8, length: { kind: "static", count: 3 }, element: integer(32, true) },
    () => ints([1n, 2n, 3n], 32),
    () => 3,
  ),
  sample(
    "au",
    { kind: "array", align: 8, length: { kind: "static", count: 3 }, element: integer(8, false) },
    () => ints([1n, 2n, 255n], 8),
    () => 3,
  ),
  sample(
    "sq",
    { kind: "array", align: 8, length: { kind: "dynamic", slot: 1 }, element: integer(32, true) },
    () => ints([1n, 2n, 3n], 32),
    () => 3,
  ),
  sample(
    "en",
    { ...integer(32, true), mappings: [{ label: "GREEN", ranges: [{ low: 2n, high: 2n }] }] },
    () => littleEndian(2n, 32),
  ),
];

/** Contexts that user-space tracers offer to filters, as if all of them had been added to the channel. */
export const CONTEXT: readonly Sample[] = [
  sample(
    "procname",
    { kind: "text", align: 8, length: { kind: "static", count: 17 }, encoding: "utf-8" },
    () => Uint8Array.of(...text("app"), ...new Uint8Array(14)),
    () => 3,
  ),
  int("vpid", 32, true, () => 4242n),
  int("vtid", 32, true, () => 4243n),
  int("pthread_id", 64, false, () => 0x7f00_1234_5678n),
  int("vuid", 32, false, () => 0n),
  int("ipc_ns", 64, false, () => 4026531839n),
  int("time_ns", 64, false, () => 4026531834n),
];

const PACKET: readonly Sample[] = [int("cpu_id", 32, false, () => 1n)];

export const EVENT: EventClass = {
  id: 7,
  name: "lab:ev",
  logLevel: 13,
  specificContext: undefined,
  payload: structure(PAYLOAD.map((s) => s.member)),
};

/** Record `k` comes `k` ns later. */
export const TIME_OF_FIRST = 1_700_000_000_999_999_995n;

/** For record views whose time does not matter. */
export const NO_TIME = { timeHi: 0, timeLo: 0 } as const;

const STREAM: StreamClass = {
  id: 0,
  clock: {
    name: "monotonic",
    uuid: undefined,
    frequency: 1_000_000_000n,
    offsetSeconds: 0n,
    offsetCycles: 0n,
  },
  packetContext: structure(PACKET.map((s) => s.member)),
  eventHeader: undefined,
  commonContext: structure(CONTEXT.map((s) => s.member)),
  eventClasses: new Map([[EVENT.id, EVENT]]),
};

const TRACE: TraceClass = {
  version: 1,
  format: "CTF 1.8",
  uuid: undefined,
  environment: new Map<string, string | bigint>([
    ["hostname", "lab-host"],
    ["domain", "ust"],
    ["trace_name", "lab"],
  ]),
  clocks: new Map(),
  packetHeader: undefined,
  streamClasses: new Map([[0, STREAM]]),
  slotCount: 2,
};

export const LAB: LinkEnvironment = { traceClass: TRACE, streamClass: STREAM, eventClass: EVENT };

/** The same trace with another payload: for classes that a test makes up. */
export function labWith(
  payload: readonly Member[],
  context: readonly Member[] = [],
): LinkEnvironment {
  const eventClass: EventClass = { ...EVENT, payload: structure(payload) };
  return { ...LAB, eventClass, streamClass: { ...STREAM, commonContext: structure(context) } };
}

/** Record `k` as the decoder would show it for these fields. Fields lie one byte apart from each other. */
export function labRecord(fields: readonly FieldRef[], k: number): RecordView {
  const samples = fields.map((field) => {
    const scope =
      field.scope === "payload" ? PAYLOAD : field.scope === "packet-context" ? PACKET : CONTEXT;
    return scope[field.path[0] ?? -1]!;
  });
  const bytes: number[] = [];
  const bitOffsets = Int32Array.from(samples, (s) => {
    bytes.push(0xaa);
    const bit = bytes.length * 8;
    bytes.push(...s.bytes(k));
    return bit;
  });
  const lengths = Int32Array.from(samples, (s) => s.length?.(k) ?? 0);
  const time = TIME_OF_FIRST + BigInt(k);
  const timeHi = Number(BigInt.asIntN(32, time >> 32n));
  const timeLo = Number(BigInt.asIntN(32, time));
  return { bytes: Uint8Array.from(bytes), bitOffsets, lengths, timeHi, timeLo };
}
