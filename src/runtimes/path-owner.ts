/** Who decides what a path leads to: its owner, and everyone who could put something else in its place. */

import type { Stats } from "node:fs";
import { lstat, readlink } from "node:fs/promises";

export type PathOwner =
  /** Only root, or the user that we run as, decides. */
  | { readonly kind: "system" }
  /** One other user decides. */
  | { readonly kind: "user"; readonly uid: number }
  | { readonly kind: "absent" }
  /** We may not look. */
  | { readonly kind: "denied"; readonly reason: string }
  /** Several users could, so that whatever is there is nobody's word. */
  | { readonly kind: "unsafe"; readonly reason: string };

/** A chain of symbolic links longer than the kernel's own limit leads nowhere. */
const MAX_LINKS = 40;
const STICKY = 0o1000;
const OTHERS_WRITE = 0o002;
const GROUP_WRITES = 0o020;

/**
 * Walks an absolute path as the kernel does, link by link, and collects the owners on the way. A folder's owner can exchange
 * what is in it; in a sticky folder such as /tmp others cannot, else whoever may write there can.
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
        return { kind: "unsafe", reason: `${writers} may exchange what is in ${at}` };
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
    reason: `it is in the hands of users ${[uid, ...others].join(" and ")}`,
  };
}

/** Whoever may exchange what is in a folder beside its owner. */
function writersOf({ mode, uid, gid }: Stats): string | undefined {
  if ((mode & STICKY) !== 0) return undefined;
  if ((mode & OTHERS_WRITE) !== 0) return "everyone";
  // A group with the number of its user is that user alone, by the convention of most distributions.
  const isShared = (mode & GROUP_WRITES) !== 0 && gid !== 0 && gid !== uid;
  return isShared ? `group ${gid}` : undefined;
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
