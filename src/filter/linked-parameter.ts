/** Constants that instances of linked code are given. */

/** A constant by its place in the program's pools. */
export interface Parameter {
  readonly kind: "integer" | "double" | "text";
  readonly source: number;
  /** What is applied to it, innermost first: `-` and `~`. */
  readonly signs: string;
}

/** Where a linked program has it. */
export interface LinkedParameter extends Parameter {
  readonly number: number;
}

/** Names a parameter among those of its program. */
export function parameterName({ kind, source, signs }: Parameter): string {
  return `${kind} ${signs}${source}`;
}

/** Linking must know a text: an enumeration's labels are compared with it. */
export class ConstantNeeded extends Error {}
