/** Which users control a path: the owner of the file, and everyone who could replace it. */

import type { Stats } from "node:fs";
import { lstat, readlink } from "node:fs/promises";

export type PathOwner =
  /** Only root, or the user that we run as. */
  | { readonly kind: "system" }
  /** One other user. */
  | { readonly kind: "user"; readonly uid: number }
  | { readonly kind: "absent" }
  /** We lack permission to look. */
  | { readonly kind: "denied"; readonly reason: string }
  /** Several users: its answers cannot be attributed to one of them. */
  | { readonly kind: "unsafe"; readonly reason: string };

/** The kernel's limit. */
const MAX_LINKS = 40;
const STICKY = 0o1000;
const OTHERS_WRITE = 0o002;
const GROUP_WRITES = 0o020;

/**
 * Walks an absolute path as the kernel does, link by link, and collects the owners of everything on the way. The owner of a
 * directory can replace its entries; so can everyone with write permission, unless it is sticky as /tmp is.
 */
export async function ownerOf(path: string): Promise<PathOwner> {
  const owners = new Set<number>();
  const left = namesOf(path).reverse();
  let at = "/";
  let links = 0;
  try {
    for (;;) {
      const here = await lstat(at);
      owners.add(here.uid);
      if (here.isSymbolicLink()) {
        if (++links > MAX_LINKS) return { kind: "absent" };
        const target = await readlink(at);
        left.push(...namesOf(target).reverse());
        at = target.startsWith("/") ? "/" : folderOf(at);
        continue;
      }
      const name = left.pop();
      if (name === undefined) return verdict(owners, process.geteuid?.() ?? 0);
      if (!here.isDirectory()) return { kind: "absent" };
      const writers = writersOf(here);
      if (writers !== undefined)
        return { kind: "unsafe", reason: `${writers} may replace entries of ${at}` };
      if (name === "..") at = folderOf(at);
      else at = at === "/" ? `/${name}` : `${at}/${name}`;
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "absent" };
    return { kind: "denied", reason: `${at}: not allowed (${code})` };
  }
}

function verdict(owners: ReadonlySet<number>, self: number): PathOwner {
  const [uid, ...others] = [...owners].filter((owner) => owner !== 0 && owner !== self);
  if (uid === undefined) return { kind: "system" };
  if (others.length === 0) return { kind: "user", uid };
  return {
    kind: "unsafe",
    reason: `it is controlled by users ${[uid, ...others].join(" and ")}`,
  };
}

/** Users beside its owner who can replace entries of a directory. */
function writersOf({ mode, uid, gid }: Stats): string | undefined {
  if ((mode & STICKY) !== 0) return undefined;
  if ((mode & OTHERS_WRITE) !== 0) return "everyone";
  // By convention, a group with the number of a user is that user's private group.
  const isShared = (mode & GROUP_WRITES) !== 0 && gid !== 0 && gid !== uid;
  return isShared ? `group ${gid}` : undefined;
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
