/** What a batch's columns are. */

import type { ColumnType } from "./column.ts";
import type { ColumnRequest } from "./request.ts";

/** What a selection asks for, once it is known whether a bare name means a context or a payload field. */
export type SettledRequest = Exclude<ColumnRequest, { kind: "name" }>;

export interface ColumnLayout {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** Whether people read its integers in base 16, as the metadata have it: pointers, flags. */
  readonly isHexadecimal?: boolean;
  /** What it was selected as; columns that an operator computes have none. */
  readonly request?: SettledRequest | undefined;
  /** What its numbers count: `ns`, `%`, `bytes`, and of rates `/s`, `bytes/s`. */
  readonly unit?: string | undefined;
}

/** The columns of a batch, in their order. */
export type Schema = readonly ColumnLayout[];

/** A column that the scan fills: where it comes from and what it is. */
export interface PlannedColumn extends ColumnLayout {
  readonly request: SettledRequest;
}
