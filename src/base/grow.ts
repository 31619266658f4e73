/** A copy with room for at least `needed` elements, and for doubling. */
export function grownCopy<T extends { readonly length: number; set(from: T): void }>(
  array: T,
  type: new (length: number) => T,
  needed: number,
): T {
  const copy = new type(Math.max(needed, array.length * 2));
  copy.set(array);
  return copy;
}
