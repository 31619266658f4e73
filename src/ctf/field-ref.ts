import type { FieldClass, Scope, StructureClass } from "./trace-class.ts";

/**
 * A field of one event class: the scope, and from its root the member (or, in a variant, option) numbers to descend;
 * 0 into an optional.
 * Arrays are not entered: an element is reached by an index beside the reference.
 */
export interface FieldRef {
  readonly scope: Scope;
  readonly path: readonly number[];
  readonly fieldClass: FieldClass;
}

/**
 * The field that dotted `names` reach from a scope's root, through structures and variant options.
 * A single name never enters a variant: an option must be named. Optionals are passed through: a record may lack the field.
 */
export function findField(
  scope: Scope,
  root: StructureClass | undefined,
  names: readonly string[],
): FieldRef | undefined {
  if (root === undefined || names.length === 0) return undefined;
  let fieldClass: FieldClass = root;
  const path: number[] = [];
  for (const name of names) {
    const children: readonly { name: string; fieldClass: FieldClass }[] =
      fieldClass.kind === "structure"
        ? fieldClass.members
        : fieldClass.kind === "variant"
          ? fieldClass.options
          : [];
    const i = children.findIndex((child) => child.name === name);
    if (i === -1) return undefined;
    path.push(i);
    fieldClass = children[i]!.fieldClass;
    while (fieldClass.kind === "optional") {
      path.push(0);
      fieldClass = fieldClass.fieldClass;
    }
  }
  return { scope, path, fieldClass };
}

/** Whether a record may lack the field: on the way to it lies a variant or an optional. */
export function mayBeAbsent({ path }: FieldRef, root: StructureClass | undefined): boolean {
  let fieldClass: FieldClass | undefined = root;
  for (const step of path) {
    if (fieldClass?.kind !== "structure") return true;
    fieldClass = fieldClass.members[step]?.fieldClass;
  }
  return false;
}

/** Two references to the same place have the same key. */
export function fieldKey(ref: FieldRef): string {
  return `${ref.scope}/${ref.path.join(".")}`;
}
