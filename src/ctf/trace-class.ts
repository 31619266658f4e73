/**
 * The trace class: what metadata describes, in one form for CTF 1.8 and CTF 2.
 *
 * Words are CTF 2's (fixed-length integer, structure, static-length array …), because 1.8 maps onto them and not the
 * other way round. Everything is immutable; growing metadata makes a new `TraceClass` with a higher `version` that
 * shares the stream and event classes that did not change.
 */

export type ByteOrder = "little-endian" | "big-endian";

/** The six scopes of an event record, in decoding order (CTF 1.8.3 §7.3.1). */
export const SCOPES = [
  "packet-header",
  "packet-context",
  "event-header",
  "common-context",
  "specific-context",
  "payload",
] as const;
export type Scope = (typeof SCOPES)[number];

/** What a field means to the reader (CTF 2 §5.3.1 roles; in CTF 1.8 given by reserved names). */
export type Role =
  | "packet-magic-number"
  | "metadata-stream-uuid"
  | "data-stream-class-id"
  | "data-stream-id"
  | "packet-total-length"
  | "packet-content-length"
  | "packet-sequence-number"
  | "discarded-event-record-counter-snapshot"
  | "default-clock-timestamp"
  | "packet-end-default-clock-timestamp"
  | "event-record-class-id"
  /** Not a CTF 2 role: LTTng's conventional `cpu_id` in the packet context. */
  | "cpu-id";

/** Inclusive range of integer values. */
export interface Range {
  readonly low: bigint;
  readonly high: bigint;
}

/** An enumeration label with the values that it stands for; of a bit map, a flag with the numbers of its bits. */
export interface Mapping {
  readonly label: string;
  readonly ranges: readonly Range[];
}

/** Many mappings: the labels one behind the other, and where each ends; the ranges in columns, and the label of each. */
export interface PackedMappings {
  readonly labels: string;
  readonly ends: Uint32Array;
  readonly lows: BigInt64Array | BigUint64Array;
  readonly highs: BigInt64Array | BigUint64Array;
  readonly owners: Uint32Array;
}

/** All mappings of an enumeration; `eachMapping` gives them one by one, whichever way they are kept. */
export type Mappings = readonly Mapping[] | PackedMappings;

/**
 * How an integer's bits lie. `plain`: as its byte order has them. `reversed`: the other way round (CTF 2's `bit-order` where
 * it is not the byte order's own). `leb128`: seven to a byte, as many bytes as it takes (CTF 2's variable-length integers).
 */
export type Coding = "plain" | "reversed" | "leb128";

/** What an integer stands for: a number (or enumeration), a truth value, or bits. */
export type IntegerForm = "number" | "boolean" | "bit-array" | "bit-map";

/**
 * Whatever is read as an integer: fixed- and variable-length integers (enumerations if they have mappings), booleans, bit
 * arrays and bit maps. Sizes and alignments are in bits; variable-length ones have the size of what they may hold, 64.
 */
export interface IntegerClass {
  readonly kind: "integer";
  readonly coding: Coding;
  readonly form: IntegerForm;
  readonly size: number;
  readonly align: number;
  readonly signed: boolean;
  readonly byteOrder: ByteOrder;
  readonly base: 2 | 8 | 10 | 16;
  readonly mappings: Mappings | undefined;
  readonly roles: readonly Role[];
  /** Updates the stream's running clock (1.8: `map = clock.NAME.value`; 2: `default-clock-timestamp`). */
  readonly isClock: boolean;
  /** Set when a later length or selector reads this field: where the decoder keeps the value. */
  readonly slot: number | undefined;
}

/** IEEE 754 binary32 or binary64. */
export interface FloatClass {
  readonly kind: "float";
  readonly coding: "plain" | "reversed";
  readonly size: 32 | 64;
  readonly align: number;
  readonly byteOrder: ByteOrder;
}

/** The code units of a text: one byte (UTF-8), two or four. */
export type TextEncoding = "utf-8" | "utf-16le" | "utf-16be" | "utf-32le" | "utf-32be";

/** Null-terminated string, aligned to 8. The terminator is a code unit of zeros. */
export interface StringClass {
  readonly kind: "string";
  readonly align: number;
  readonly encoding: TextEncoding;
}

/**
 * Static- or dynamic-length string (1.8: text array or text sequence): `length` bytes, of which the value is what
 * precedes the first NUL.
 */
export interface TextClass {
  readonly kind: "text";
  readonly align: number;
  readonly length: Length;
  readonly encoding: TextEncoding;
}

/** Static- or dynamic-length blob: `length` bytes that are no text. */
export interface BlobClass {
  readonly kind: "blob";
  readonly align: number;
  readonly length: Length;
  readonly mediaType: string;
  readonly roles: readonly Role[];
}

/** Static- or dynamic-length array (1.8: array, sequence). `align` is at least the element's. */
export interface ArrayClass {
  readonly kind: "array";
  readonly align: number;
  readonly length: Length;
  readonly element: FieldClass;
}

export interface StructureClass {
  readonly kind: "structure";
  readonly align: number;
  readonly members: readonly Member[];
}

/** Exactly one option is present, chosen by the integer kept in `selectorSlot`. Aligns itself to nothing. */
export interface VariantClass {
  readonly kind: "variant";
  readonly align: 1;
  readonly selectorSlot: number;
  readonly selectorSigned: boolean;
  readonly options: readonly Option[];
}

/** A field that is there only if the value kept in `selectorSlot` lies in one of the ranges. Aligns itself to nothing. */
export interface OptionalClass {
  readonly kind: "optional";
  readonly align: 1;
  readonly selectorSlot: number;
  readonly selectorSigned: boolean;
  readonly ranges: readonly Range[];
  readonly fieldClass: FieldClass;
}

export type FieldClass =
  | IntegerClass
  | FloatClass
  | StringClass
  | TextClass
  | BlobClass
  | ArrayClass
  | StructureClass
  | VariantClass
  | OptionalClass;

/** Number of elements (or bytes, for text and blobs): fixed, or read earlier into a slot. */
export type Length =
  | { readonly kind: "static"; readonly count: number }
  | { readonly kind: "dynamic"; readonly slot: number };

export interface Member {
  /** Name for people and queries: in CTF 1.8 without its one leading underscore. */
  readonly name: string;
  readonly fieldClass: FieldClass;
  /** Is decoded, so that what follows it can be found, and never shown: its name is empty. */
  readonly isHidden?: true;
}

export interface Option {
  readonly name: string;
  /** Selector values that choose this option; none if nothing ever does. */
  readonly ranges: readonly Range[];
  readonly fieldClass: FieldClass;
}

export interface ClockClass {
  readonly name: string;
  readonly uuid: string | undefined;
  /** Cycles per second. */
  readonly frequency: bigint;
  /** Origin of the clock from the Unix epoch: whole seconds, and cycles below one second after normalisation. */
  readonly offsetSeconds: bigint;
  readonly offsetCycles: bigint;
}

export interface EventClass {
  readonly id: number;
  /** `event 3` where the metadata give none. */
  readonly name: string;
  readonly isNameless?: boolean | undefined;
  /** LTTng level 0 (EMERG) … 14 (DEBUG), `undefined` for kernel events. */
  readonly logLevel: number | undefined;
  readonly specificContext: StructureClass | undefined;
  readonly payload: StructureClass | undefined;
}

export interface StreamClass {
  readonly id: number;
  readonly clock: ClockClass | undefined;
  readonly packetContext: StructureClass | undefined;
  readonly eventHeader: StructureClass | undefined;
  readonly commonContext: StructureClass | undefined;
  readonly eventClasses: ReadonlyMap<number, EventClass>;
}

export interface TraceClass {
  /** Grows by one with every change of the metadata. */
  readonly version: number;
  readonly format: "CTF 1.8" | "CTF 2";
  readonly uuid: Uint8Array | undefined;
  readonly environment: ReadonlyMap<string, string | bigint>;
  readonly clocks: ReadonlyMap<string, ClockClass>;
  readonly packetHeader: StructureClass | undefined;
  readonly streamClasses: ReadonlyMap<number, StreamClass>;
  /** How many slots lengths and selectors use, over all classes of the trace. */
  readonly slotCount: number;
}

/** The structure at the root of a scope, for an event class of a stream class of a trace class. */
export function scopeRoot(
  scope: Scope,
  traceClass: TraceClass,
  streamClass: StreamClass,
  eventClass: EventClass,
): StructureClass | undefined {
  switch (scope) {
    case "packet-header":
      return traceClass.packetHeader;
    case "packet-context":
      return streamClass.packetContext;
    case "event-header":
      return streamClass.eventHeader;
    case "common-context":
      return streamClass.commonContext;
    case "specific-context":
      return eventClass.specificContext;
    case "payload":
      return eventClass.payload;
  }
}
