import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Child } from "../support/child.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { damagingProxy } from "../support/relay-proxy.ts";
import { attachedTail } from "../support/tracewire.ts";

const test = suite("real/damage");
const run = needsLttng(test);
const daemons = sharedLttng(test);

/** The id of an event record stands so many bytes before its payload: 16 bits, then 32 bits of the clock. */
const ID_BEFORE_PAYLOAD = 6;

/** The application's tag as it stands in a packet. */
const TAG = "app\0";

/** Ticks of one round. */
const ROUND = 200;

run("reports and skips a packet whose magic number is wrong", async () => {
  const { stderr, numbers, lost } = await withDamage("magic", (packet) => {
    packet.writeUInt8(0xff, 0);
    return numbersIn(packet);
  });
  assert.match(stderr, /warning: skipped .*channel_\d at bit 0: .*magic c1fc1fc1/);
  assert.equal(numbers, allBut(lost));
});

run("reports where a packet stops making sense, and goes on after it", async () => {
  const { stderr, numbers, lost } = await withDamage("middle", (packet) => {
    const inside = numbersIn(packet);
    const middle = inside.length >> 1;
    packet.writeUInt16LE(0x7ffe, payloadOf(packet, middle) - ID_BEFORE_PAYLOAD);
    // What came before stands.
    return inside.slice(middle);
  });
  assert.match(stderr, /warning: skipped the rest of a packet of .*channel_\d at bit \d+: .*32766/);
  assert.equal(numbers, allBut(lost));
});

interface Outcome {
  readonly stderr: string;
  readonly numbers: readonly number[];
  readonly lost: readonly number[];
}

/** Two rounds of ticks; the first packet that has any is damaged on its way. `damage` says what is lost by it. */
async function withDamage(
  session: string,
  damage: (packet: Buffer) => readonly number[],
): Promise<Outcome> {
  const lttng = await daemons();
  await lttng.createSession(session);
  const application = await lttng.application("app");
  await application.emit("tick", ROUND);
  let lost: readonly number[] | undefined;
  const proxy = await damagingProxy(lttng.livePort, (packet) => {
    if (lost === undefined && packet.includes(TAG)) lost = damage(packet);
  });
  const url = lttng.url(session).replace(`:${lttng.livePort}`, `:${proxy.port}`);
  const select = ["--format", "ndjson", "--select", "number"];
  const tail = await attachedTail(url, "--from", "beginning", ...select);
  await tail.until("reported the damage", () => tail.stderr.includes("warning: skipped"));
  await application.emit("tick", ROUND);
  await tail.until("printed the second round", () => rowsOf(tail).includes(2 * ROUND - 1));
  await application.end();
  await lttng.end(session);
  await tail.output();
  await proxy.close();
  assert.match(tail.stderr, /warning: lost: 1 packets? undecodable\n/);
  return { stderr: tail.stderr, numbers: rowsOf(tail), lost: lost ?? [] };
}

/** The numbers of the ticks in a packet: each stands before its tag. */
function numbersIn(packet: Buffer): number[] {
  const found: number[] = [];
  for (let at = packet.indexOf(TAG); at !== -1; at = packet.indexOf(TAG, at + 1)) {
    found.push(packet.readInt32LE(at - 4));
  }
  return found;
}

/** Where the payload of a packet's `i`th tick begins. */
function payloadOf(packet: Buffer, i: number): number {
  let at = packet.indexOf(TAG);
  for (let k = 0; k < i; k++) at = packet.indexOf(TAG, at + 1);
  return at - 4;
}

function rowsOf(tail: Child): number[] {
  return tail.lines.map((line) => JSON.parse(line).number);
}

function allBut(lost: readonly number[]): number[] {
  assert.ok(lost.length > 0);
  return Array.from({ length: 2 * ROUND }, (_, i) => i).filter((i) => !lost.includes(i));
}

test.run();
