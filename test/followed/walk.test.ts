/** What a walk over a followed directory cannot find all of is said, once, and counted as lost. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type FollowedItem, followDirectory } from "../../src/followed/follow-directory.ts";
import { walk } from "../../src/followed/walk.ts";
import { Folders } from "../support/folder.ts";
import { PREAMBLE, STREAM } from "../support/tsdl.ts";

const test = suite("followed/walk");
const folders = new Folders();
test.after(() => folders.removeAll());

const METADATA = `${PREAMBLE}${STREAM}`;

async function problemsOf(root: string, mostFolders?: number): Promise<readonly string[]> {
  const found = await walk(root, mostFolders);
  return found!.problems.map((problem) => problem.replaceAll(root, "DIR"));
}

test("traces may lie in a folder that is named metadata", async () => {
  const root = folders.make({ "metadata/ust/metadata": METADATA });
  assert.equal(await problemsOf(root), []);
  assert.is((await walk(root))!.traces.length, 1);
});

test("a folder that is named metadata, beside data files", async () => {
  const root = folders.make({
    "whole/metadata": METADATA,
    "other/channel_0": "",
    "other/metadata/x": "",
  });
  const problem = "DIR/other/metadata: expected a file, got something else";
  assert.equal(await problemsOf(root), [problem]);
  assert.is((await walk(root))!.traces.length, 1);
});

test("more folders than are searched", async () => {
  const files = Array.from({ length: 10 }, (_, i) => [`ust/${i}/metadata`, METADATA]);
  const root = folders.make(Object.fromEntries(files));
  assert.equal(await problemsOf(root, 5), ["DIR: expected at most 5 folders in it, got more"]);
  assert.is((await walk(root, 5))!.folders.length, 5);
  assert.equal(await problemsOf(root, 12), []);
});

test("folders deeper than are searched", async () => {
  const deep = Array.from({ length: 40 }, () => "d").join("/");
  const root = folders.make({ [`${deep}/metadata`]: METADATA });
  const problem = `${["DIR", ...Array(32).fill("d")].join("/")}: expected at most 32 folders one within the other, got more`;
  assert.equal(await problemsOf(root), [problem]);
});

test("a problem is reported once, and again where it comes back", async () => {
  const root = folders.make({ "ust/metadata": METADATA });
  const stop = new AbortController();
  const reasons: string[] = [];
  const items: AsyncIterable<FollowedItem> = followDirectory("lab", root, { signal: stop.signal });
  const odd = join(root, "odd");
  const make = (): void => {
    mkdirSync(join(odd, "metadata"), { recursive: true });
    writeFileSync(join(odd, "channel_0"), "");
  };
  setTimeout(make, 100);
  setTimeout(() => rmSync(odd, { recursive: true }), 2500);
  setTimeout(make, 4500);
  setTimeout(() => stop.abort(), 7000);
  for await (const item of items) if (item.kind === "gap") reasons.push(item.reason);
  const reason = `${odd}/metadata: expected a file, got something else`;
  assert.equal(reasons, [reason, reason]);
});

test.run();
