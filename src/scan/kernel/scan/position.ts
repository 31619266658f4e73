/** Places in a packet as emitted code knows them: a local variable plus a constant. */

import type { Local } from "../../../wasm/code.ts";

/** A position known as base local plus constant, in bits. */
export interface Position {
  readonly base: Local;
  /** Address of the base's byte; only where the base lies on a byte border. */
  readonly byteBase: Local | undefined;
  readonly offset: number;
}

/** Where a wanted field was found. */
export interface Location {
  readonly position: Position;
  /** A variant or an optional may leave it out: then `base` is -1. */
  readonly isOptional: boolean;
  /** Bytes before the first NUL (texts), or elements (arrays). */
  readonly length: Length | undefined;
}

/** A length as far as the walk knows it: found already, or to be found as the bytes before a NUL within a text array. */
export type Length =
  | { readonly kind: "known"; readonly local: Local }
  | { readonly kind: "within"; readonly capacity: Local | undefined; readonly count: number };
