/** One colour for each container, the same in all views. */

const COLOURS = 8;
const places = new Map<string, number>();
/** Names that are remembered; a churning host has new ones for months. */
const MAX_NAMES = 10_000;

/** A class of the style sheet, `s0` to `s7`. */
export function colourOf(name: string): string {
  let place = places.get(name);
  if (place === undefined) {
    if (places.size >= MAX_NAMES) places.clear();
    place = places.size % COLOURS;
    places.set(name, place);
  }
  return `s${place}`;
}
