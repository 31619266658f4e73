/** Rows as finished lines: what a line is made of, for a store that can put lines together by itself. */

/** Parts follow each other without anything between them. */
export type LinePart =
  | { readonly kind: "literal"; readonly bytes: Uint8Array }
  /** Local time of day, `08:55:45.115442425`. */
  | { readonly kind: "time" }
  /** Seconds since the line before, `0.000012345`; question marks in the first line. */
  | { readonly kind: "delta" }
  /** The first of some number columns that has a value, right-aligned. */
  | {
      readonly kind: "number";
      readonly columns: readonly NumberColumn[];
      readonly before: Uint8Array;
      /** In place of all three where none has a value. */
      readonly absent: Uint8Array;
    }
  /** A dictionary column's text, as it is painted. */
  | {
      readonly kind: "name";
      readonly column: number;
      readonly paint: (text: string) => Uint8Array;
      readonly absent: Uint8Array;
      /** Blanks make it as wide as the widest that came before it, which is remembered from batch to batch. */
      readonly align?: LineAlignment;
    }
  /** A text column: its bytes, or, unless they are wanted raw, what is safe to show of them. */
  | { readonly kind: "text"; readonly column: number; readonly isRaw: boolean }
  /** A value of a column that is no dictionary and no list, as it stands in JSON or CSV; nothing where a row has none. */
  | {
      readonly kind: "cell";
      readonly column: number;
      readonly before: Uint8Array;
      readonly dialect: "json" | "csv";
      /** Whether a text column's texts are JSON already. */
      readonly isJson: boolean;
    };

export interface NumberColumn {
  readonly column: number;
  /** At most 16. */
  readonly width: number;
  readonly after: Uint8Array;
}

export interface LineAlignment {
  /** So many of the painted bytes take no width, or are no part of the text: the colour, the blank. */
  readonly beside: number;
  readonly width: LineWidth;
}

/** A width that grows with what is written. */
export interface LineWidth {
  current: number;
  /** At most 64. */
  readonly most: number;
}

export interface LineFormat {
  readonly parts: readonly LinePart[];
  /** So many parts at the beginning are the time's: other bytes stand for them where a row has none. */
  readonly timeParts: number;
  readonly noTime: Uint8Array;
  /** The column that says which rows have a time; without one, all have. */
  readonly timeColumn: number | undefined;
  /** Whether blanks at a line's end are dropped. */
  readonly trims: boolean;
  /** Whether lines are JSON objects: `{` takes the place of the comma before the first value, `}` ends the line. */
  readonly isObject: boolean;
}
