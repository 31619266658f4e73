/** Questions about single containers, and what is reported of those that fail. */

import { Writable } from "node:stream";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Inspections } from "../../src/runtimes/inspections.ts";
import { Problems } from "../../src/runtimes/problems.ts";
import type { LocalContainer } from "../../src/runtimes/record.ts";
import { RecordWriter } from "../../src/runtimes/record-writer.ts";
import type { FoundContainer, Listing } from "../../src/runtimes/runtime.ts";

const test = suite("runtimes/inspections");

function container(id: string): FoundContainer {
  return { name: id, type: "docker", id, image: "", initPid: 1, pod: "", podNamespace: "" };
}

function idsOf(listing: Listing): string[] {
  return listing.containers.map(({ id }) => id).sort();
}

const FOREVER = new Promise<never>(() => {});

test("answers stand though one question never ends, which is not asked twice", async () => {
  const inspections = new Inspections(4);
  const asked: string[] = [];
  let onAnswer: (found: FoundContainer) => void = () => {};
  const slow = new Promise<FoundContainer>((resolve) => {
    onAnswer = resolve;
  });
  const inspect = async (id: string): Promise<FoundContainer | undefined> => {
    asked.push(id);
    if (id === "gone") return undefined;
    return id === "slow" ? slow : container(id);
  };
  const first = await inspections.of(["a", "slow", "gone", "b"], inspect);
  assert.equal([idsOf(first), first.problems, first.isPending], [["a", "b"], [], true]);
  onAnswer(container("slow"));
  const second = await inspections.of(["slow"], inspect);
  assert.equal([idsOf(second), second.problems, second.isPending], [["slow"], [], false]);
  assert.equal(asked, ["a", "slow", "gone", "b"]);
});

test("at most so many questions are under way, and those that failed come last", async () => {
  const inspections = new Inspections(2);
  const asked: string[] = [];
  let underWay = 0;
  let most = 0;
  const inspect = async (id: string): Promise<FoundContainer | undefined> => {
    asked.push(id);
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, 5));
    underWay--;
    if (id.startsWith("bad")) throw new Error(`${id} fails`);
    return container(id);
  };
  const ids = ["bad1", "bad2", "a", "b", "c"];
  const first = await inspections.of(ids, inspect);
  assert.equal(idsOf(first), ["a", "b", "c"]);
  assert.equal([...first.problems].sort(), ["bad1 fails", "bad2 fails"]);
  asked.length = 0;
  await inspections.of([...ids, "d"], inspect);
  assert.equal(asked.slice(-2).sort(), ["bad1", "bad2"]);
  assert.is(most, 2);
});

test("containers behind ones that hang are found as soon as there is room", async () => {
  const inspections = new Inspections(2);
  const inspect = (id: string): Promise<FoundContainer | undefined> =>
    id === "hangs" ? FOREVER : Promise.resolve(container(id));
  const listing = await inspections.of(["hangs", "a", "b", "c"], inspect);
  assert.equal(idsOf(listing), ["a", "b", "c"]);
});

test("an answer about a container that is not listed any more is forgotten", async () => {
  const inspections = new Inspections(2);
  let onAnswer: (found: FoundContainer) => void = () => {};
  const slow = new Promise<FoundContainer>((resolve) => {
    onAnswer = resolve;
  });
  await inspections.of(["slow"], () => slow);
  onAnswer(container("slow"));
  const listing = await inspections.of([], () => slow);
  assert.equal([idsOf(listing), listing.isPending], [[], false]);
});

test("failures are reported once a kind, details when they are there a second time", () => {
  const lines: string[] = [];
  const problems = new Problems("docker", (text) => lines.push(text));
  problems.failure("", "");
  problems.failure("RUNTIME_SLOW", "no answer at 12:00\x1b[31m\nforged");
  problems.failure("RUNTIME_SLOW", "no answer at 12:01");
  problems.failure("", "");
  problems.details(["a fails"]);
  problems.details([]);
  problems.details(["a fails", "b fails"]);
  problems.details(["b fails"]);
  problems.details(["b fails"]);
  const many = Array.from({ length: 6 }, (_, i) => `${i} fails`);
  problems.details(many);
  problems.details(many);
  problems.details(["x".repeat(1000)]);
  problems.end();
  assert.equal(lines, [
    "docker: no answer at 12:00\\x1b[31m\\nforged",
    "docker: answers again",
    "docker: b fails",
    "docker: 0 fails",
    "docker: 1 fails",
    "docker: 2 fails",
    "docker: … and 3 more",
    `docker: ${"x".repeat(491)}…`,
  ]);
});

test("a reader that stands still gets every end, and nothing twice", async () => {
  let isStill = true;
  let text = "";
  let onRead: () => void = () => {};
  const stream = new Writable({
    highWaterMark: 1,
    write(chunk, _, done) {
      text += chunk;
      if (isStill) onRead = done;
      else done();
    },
  });
  const states: boolean[] = [];
  const textOf = (all: readonly LocalContainer[]): string => all.map(({ name }) => name).join("");
  const writer = new RecordWriter(stream, textOf, (isBehind) => states.push(isBehind));
  const record = (name: string, endNs: bigint): LocalContainer =>
    ({ ...container(name), endNs }) as LocalContainer;
  writer.write([record("x".repeat(5 << 20), 0n)]);
  for (const name of ["A", "B", "C"]) writer.write([record("running", 0n), record(name, 1n)]);
  isStill = false;
  onRead();
  await new Promise((resolve) => setTimeout(resolve));
  writer.write([record("D", 1n)]);
  await new Promise((resolve) => stream.end(resolve));
  assert.is(text.replaceAll("x", ""), "ABCD");
  assert.equal(states, [true, false]);
});

test.run();
