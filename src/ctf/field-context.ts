/** What the fields of one event class are built with: the scopes it sees, their places, and the slots that are shared. */

import type { StructureTemplate } from "./field-template.ts";
import type { Scope } from "./trace-class.ts";

/** Root templates of the scopes that one event class sees; stream-level work leaves the last two out. */
export type ScopeTemplates = Partial<Record<Scope, StructureTemplate | undefined>>;

/** Where values that a later length or selector needs are kept. One table per trace, stream class or event class. */
export type SlotTable = Map<string, number>;

export interface SlotTables {
  /** The table that owns a scope's slots. */
  of(scope: Scope): SlotTable;
  /** A slot number not used before in this trace. */
  fresh(): number;
}

export interface FieldBuilderContext {
  readonly roots: ScopeTemplates;
  readonly slots: SlotTables;
  /** The clock of timestamps that name none: the stream's, or the trace's only one. */
  readonly clock: string | undefined;
  readonly fail: (code: string, message: string, span: { start: number; end: number }) => Error;
}

/** A template's place: from the scope's root, member and option numbers, and 0 into an array's element or an optional. */
export interface Place {
  readonly scope: Scope;
  readonly path: readonly number[];
}

export function stepInto(place: Place, step: number): Place {
  return { scope: place.scope, path: [...place.path, step] };
}

export function placeKey(place: Place): string {
  return `${place.scope}/${place.path.join(".")}`;
}
