/** The runtimes that can be named, apart from the code that asks them. In order of priority. */

/** Sockets, or for LXC directories, by runtime; places that are named replace the usual ones of their runtime. */
export type NamedPlaces = Readonly<Partial<Record<PlaceKind, readonly string[]>>>;

export const PLACE_KINDS = [
  "docker",
  "podman",
  "cri",
  "lxd",
  "incus",
  "lxc",
  "containerd",
] as const;
export type PlaceKind = (typeof PLACE_KINDS)[number];
