/** Metadata that differ in what identifies a trace share their classes; each trace keeps what is its own. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TsdlSections } from "../../src/ctf/metadata-sections.ts";
import { MetadataText } from "../../src/ctf/metadata-text.ts";
import { SharedSections } from "../../src/ctf/shared-metadata.ts";
import type { TraceClass } from "../../src/ctf/trace-class.ts";
import { PROJECT } from "../support/traces.ts";

const test = suite("ctf/shared-metadata");

interface Identity {
  readonly uuid: string;
  readonly host: string;
  readonly offset: bigint;
}

const ONE: Identity = { uuid: "11111111-2222-3333-4444-555555555555", host: "one", offset: 5n };
const OTHER: Identity = {
  uuid: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
  host: '} env { "',
  offset: 1_700_000_000_000_000_000n,
};

function metadata({ uuid, host, offset }: Identity, name: string = "first"): string {
  return `/* CTF 1.8 */
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
trace { major = 1; minor = 8; uuid = "${uuid}"; byte_order = le;
  packet.header := struct { uint32_t magic; uint32_t stream_id; }; };
env { hostname = ${JSON.stringify(host)}; domain = "ust"; };
clock { name = "monotonic"; uuid = "${uuid}"; freq = 1000000000; offset = ${offset}; };
typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := stamp;
stream { id = 0; event.header := struct { uint32_t id; stamp timestamp; }; };
${event(0, name)}`;
}

function event(id: number, name: string): string {
  return `event { name = "${name}"; id = ${id}; stream_id = 0; fields := struct { uint32_t x; }; };\n`;
}

function shared(): SharedSections {
  return new SharedSections(() => new TsdlSections());
}

function plain(text: string): TraceClass {
  const sections = new TsdlSections();
  sections.take(text);
  return sections.finish()!;
}

test("the like of a text is not read again: its classes are the same, its identity is its own", () => {
  const one = shared().take(metadata(ONE))!;
  const other = shared().take(metadata(OTHER))!;
  const withoutVersion = (one: TraceClass): TraceClass => ({ ...one, version: 0 });
  assert.equal(withoutVersion(other), withoutVersion(plain(metadata(OTHER))));
  assert.is(other.streamClasses.get(0)!.eventClasses, one.streamClasses.get(0)!.eventClasses);
  assert.is(other.environment.get("hostname"), OTHER.host);
  assert.is(one.streamClasses.get(0)!.clock!.offsetSeconds, 0n);
  assert.is.not(other.streamClasses.get(0)!.clock!.offsetCycles, 5n);
  assert.equal(withoutVersion(one), withoutVersion(plain(metadata(ONE))), "as it was");
});

test("any other difference makes another text", () => {
  const one = shared().take(metadata(ONE))!;
  for (const text of [
    metadata(OTHER, "second"),
    metadata(OTHER).replace("freq = 1000000000", "freq = 2000000000"),
    metadata(OTHER).replace("x; };", "y; };"),
    metadata(OTHER).replace('name = "monotonic"', 'name = "boot"').replace("monotonic", "boot"),
  ]) {
    const other = shared().take(text);
    assert.is.not(
      other?.streamClasses.get(0)?.eventClasses,
      one.streamClasses.get(0)!.eventClasses,
    );
  }
});

test("a text that grows behind what was shared is read to its end", () => {
  shared().take(metadata(ONE));
  const sections = shared();
  const text = metadata(OTHER);
  sections.take(text);
  assert.is(sections.take(text), undefined);
  assert.not(sections.isUnfinished(text));
  const half = text + event(1, "later").slice(0, 20);
  assert.is(sections.take(half), undefined);
  assert.ok(sections.isUnfinished(half));
  const longer = text + event(1, "later");
  const grown = sections.take(longer)!;
  assert.equal([...grown.streamClasses.get(0)!.eventClasses.keys()], [0, 1]);
  assert.is(grown.environment.get("hostname"), OTHER.host);
  assert.equal({ ...sections.finish()!, version: 0 }, { ...plain(longer), version: 0 });
});

test("what cannot be read is refused as ever, also where its like is known", () => {
  shared().take(metadata(ONE));
  const bad = metadata(OTHER).replace("offset = 17", "offset = 99999999999999999999999917");
  assert.throws(() => shared().take(bad));
  assert.throws(() => shared().take(metadata(ONE).replace("byte_order = le", "byte_order = xe")));
});

test("metadata of real traces, with other identities, are read as by themselves", () => {
  const folder = join(PROJECT, "test/data/metadata");
  let texts = 0;
  for (const name of readdirSync(folder)) {
    const container = new MetadataText();
    container.append(readFileSync(join(folder, name)));
    const { text } = container;
    if (!/^stream \{/m.test(text)) continue;
    const other = text
      .replace(/hostname = "[^"]*"/, 'hostname = "elsewhere"')
      .replaceAll(/uuid = "[^"]{8}/g, 'uuid = "00c0ffee')
      .replace(/offset = \d+/, "offset = 12345");
    assert.is.not(other, text);
    const [a, b] = [shared(), shared()];
    a.take(text);
    b.take(other);
    for (const [sections, own] of [
      [a, text],
      [b, other],
    ] as const)
      assert.equal({ ...sections.finish()!, version: 0 }, { ...plain(own), version: 0 }, name);
    texts++;
  }
  assert.ok(texts > 0);
});

test.run();
