/** Which users control a path. The tests change owners, which takes root. */

import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ownerOf } from "../../src/runtimes/path-owner.ts";

const test = suite("runtimes/path-owner");
const run = process.getuid?.() === 0 ? test : test.skip;
if (run !== test) console.log("skipped: needs permission-of-root");

const ALICE = 61_000;
const BOB = 61_001;
let folder = "";
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "tracewire-owner-"));
  chmodSync(folder, 0o755);
});
test.after.each(() => rmSync(folder, { recursive: true }));

/** A folder or file of a user. */
function made(path: string, uid: number, mode: number, gid: number = uid): string {
  const full = join(folder, path);
  if (path.endsWith("/")) mkdirSync(full);
  else writeFileSync(full, "");
  chownSync(full, uid, gid);
  chmodSync(full, mode);
  return full;
}

async function kindOf(path: string): Promise<string> {
  const owner = await ownerOf(path);
  return owner.kind === "user" ? `user ${owner.uid}` : owner.kind;
}

run("root's files in root's directories are the system's, whatever their own mode", async () => {
  assert.is(await kindOf("/"), "system");
  assert.is(await kindOf(made("s", 0, 0o666)), "system");
  assert.is(await kindOf(made("g", 0, 0o660, 999)), "system");
});

run("one user's directory on the way makes it that user's", async () => {
  assert.is(await kindOf(made("alice-s", ALICE, 0o600)), `user ${ALICE}`);
  made("alice/", ALICE, 0o700);
  assert.is(await kindOf(made("alice/root-s", 0, 0o600)), `user ${ALICE}`);
  made("alice/podman/", ALICE, 0o755);
  assert.is(await kindOf(made("alice/podman/s", ALICE, 0o600)), `user ${ALICE}`);
  made("upg/", ALICE, 0o775);
  assert.is(await kindOf(made("upg/s", ALICE, 0o600)), `user ${ALICE}`);
});

run("links count with their own owners and those of their targets", async () => {
  const real = made("s", 0, 0o600);
  made("alice/", ALICE, 0o700);
  symlinkSync(real, join(folder, "alice/s"));
  assert.is(await kindOf(join(folder, "alice/s")), `user ${ALICE}`);
  made("bob-s", BOB, 0o600);
  symlinkSync("../bob-s", join(folder, "alice/b"));
  assert.is(await kindOf(join(folder, "alice/b")), "unsafe");
  symlinkSync("alice", join(folder, "way"));
  made("alice/t", ALICE, 0o600);
  assert.is(await kindOf(join(folder, "way/../way/./t")), `user ${ALICE}`);
});

run("what several users control is unsafe", async () => {
  made("open/", 0, 0o777);
  assert.is(await kindOf(made("open/s", 0, 0o600)), "unsafe");
  made("group/", 0, 0o775, 999);
  assert.is(await kindOf(made("group/s", 0, 0o600)), "unsafe");
  made("sticky/", 0, 0o1777);
  assert.is(await kindOf(made("sticky/s", 0, 0o600)), "system");
  assert.is(await kindOf(made("sticky/a", ALICE, 0o600)), `user ${ALICE}`);
  made("alice/", ALICE, 0o755);
  made("alice/bob/", BOB, 0o755);
  const owner = await ownerOf(made("alice/bob/s", BOB, 0o600));
  assert.is(
    owner.kind === "unsafe" && owner.reason,
    `it is controlled by users ${ALICE} and ${BOB}`,
  );
});

run("absent files, files used as directories, and link loops are absent", async () => {
  assert.is(await kindOf(join(folder, "nothing/at/all")), "absent");
  assert.is(await kindOf(join(made("file", 0, 0o600), "below")), "absent");
  symlinkSync("loop", join(folder, "loop"));
  assert.is(await kindOf(join(folder, "loop")), "absent");
  symlinkSync("/nowhere", join(folder, "dangling"));
  assert.is(await kindOf(join(folder, "dangling")), "absent");
});

test.run();
