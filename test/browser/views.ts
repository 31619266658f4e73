/** Each view, and what it shows once it has something. */
export const VIEWS: readonly (readonly [string, string])[] = [
  ["containers", "#containers tbody tr:nth-child(3)"],
  ["events", "#body [data-place]"],
  ["syscalls", "#syscalls tbody tr:nth-child(3)"],
  ["timeline", "#timeline svg .bar"],
  ["timeline&lanes=thread", "#timeline svg .wait"],
  ["processes", "#processes tbody tr:nth-child(3)"],
  ["losses", "#losses-view tbody tr"],
  ["compare", "#compare:not([hidden]) .when:not(:empty)"],
];
