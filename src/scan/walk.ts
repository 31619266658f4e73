/**
 * The walk: a flat list of steps that leads through an event record to its end. `walk-planner.ts` makes it from a trace class.
 *
 * Only what is needed is read: lengths, selectors, clock and event id. Fields that a query uses are located, not read.
 */

import type { IntegerLayout } from "../ctf/read-field.ts";
import type { ByteOrder, Range } from "../ctf/trace-class.ts";

export const Op = {
  /** bit := align(bit, align); location := bit; bit += bits */
  fixed: 0,
  /** As `fixed`, and the value goes to a slot, the clock or the event id. */
  integer: 1,
  /** bit := align(bit, 8); location := bit; bit := after the next NUL byte */
  string: 2,
  /** bit := align(bit, 8); location := bit; bit += length × 8 */
  text: 3,
  /** bit := align(bit, align); location := bit; then each element, or all at once where their size is fixed */
  array: 4,
  /** the walk of the option that the slot's value chooses; none of an optional may be chosen */
  variant: 5,
  /** bit := align(bit, align); location := bit */
  locate: 6,
  /** bit := align(bit, 8); location := bit; bit := after the first byte below 128; the value as with `integer` */
  leb128: 7,
  /** bit := align(bit, align); inside a byte the field before is of the same byte order */
  order: 8,
} as const;

/** What an integer's value is for, besides a slot. */
export const Hook = { none: 0, clock: 1, eventId: 2 } as const;

/** Location and slot numbers are -1 where there is none. */
export type Step =
  | {
      readonly op: typeof Op.fixed;
      readonly align: number;
      readonly bits: number;
      readonly location: number;
    }
  | {
      readonly op: typeof Op.integer;
      readonly align: number;
      readonly bits: number;
      readonly location: number;
      readonly layout: IntegerLayout;
      readonly slot: number;
      readonly hook: (typeof Hook)[keyof typeof Hook];
    }
  | {
      readonly op: typeof Op.leb128;
      readonly location: number;
      readonly layout: IntegerLayout;
      readonly slot: number;
      readonly hook: (typeof Hook)[keyof typeof Hook];
    }
  /** `unit`: bytes of a code unit, of which one of zeros ends the string */
  | { readonly op: typeof Op.string; readonly location: number; readonly unit: 1 | 2 | 4 }
  | {
      readonly op: typeof Op.text;
      readonly count: number;
      readonly slot: number;
      readonly location: number;
      /** Bytes of a code unit, of which one of zeros may end the text; 0: nothing does (a blob). */
      readonly unit: 0 | 1 | 2 | 4;
    }
  | {
      readonly op: typeof Op.array;
      readonly align: number;
      /** Fixed element count, used where `slot` is -1. */
      readonly count: number;
      readonly slot: number;
      readonly location: number;
      /** Distance from one element to the next where it is fixed, else 0. */
      readonly strideBits: number;
      /** Size of one element without padding where it is fixed, else 0. */
      readonly elementBits: number;
      readonly element: Walk | undefined;
    }
  | {
      readonly op: typeof Op.variant;
      readonly slot: number;
      readonly signed: boolean;
      readonly options: readonly OptionWalk[];
      /** Whether a record may have none of the options. */
      readonly isOptional: boolean;
    }
  | { readonly op: typeof Op.locate; readonly align: number; readonly location: number }
  | { readonly op: typeof Op.order; readonly align: number; readonly byteOrder: ByteOrder };

export type Walk = readonly Step[];

export interface OptionWalk {
  readonly ranges: readonly SelectorRange[];
  readonly walk: Walk;
}

/** Inclusive; `low` and `high` are used where both are from 0 to 2^31 - 1, as all of LTTng's are, else `exact`. */
export interface SelectorRange {
  readonly low: number;
  readonly high: number;
  readonly exact: Range | undefined;
}
