/**
 * Attaching again and again, before the session is started and after: every viewer gets what is stored, no more, no less,
 * as babeltrace2 reads it from the stored trace.
 */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Lttng, needsLttng, sharedLttng } from "../support/lttng.ts";
import { attachedTail, babeltraceLines } from "../support/tracewire.ts";

const test = suite("real/attachments");
const run = needsLttng(test);
const daemons = sharedLttng(test);

/** Attachments of each kind: a few in continuous integration, `TRACEWIRE_ATTACHMENTS=100` for the long run. */
const ATTACHMENTS = Number(process.env["TRACEWIRE_ATTACHMENTS"] ?? 5);
const TICKS = 400;

for (const when of ["before", "after"] as const) {
  run(
    `delivers exactly what is stored, attached ${ATTACHMENTS} times ${when} the start`,
    async () => {
      const lttng = await daemons();
      for (let i = 0; i < ATTACHMENTS; i++) {
        const { delivered, stored, stderr } = await attachment(lttng, `${when}${i}`, when);
        assert.is(stored.length, TICKS + 6 * 5, `${when} ${i}`);
        assert.equal(delivered, stored, `${when} ${i}: ${stderr}`);
        assert.not.match(stderr, /warning|error/);
      }
    },
  );
}

/** One session's life with one viewer. */
async function attachment(
  lttng: Lttng,
  session: string,
  when: "before" | "after",
): Promise<{ delivered: string[]; stored: string[]; stderr: string }> {
  await lttng.createSession(session, { isStarted: false });
  const attach = () =>
    attachedTail(lttng.url(session), "--from", "beginning", "--format", "babeltrace");
  const early = when === "before" ? await attach() : undefined;
  await lttng.lttng("start", session);
  const application = await lttng.application("app");
  const ticks = application.emit("tick", TICKS).then(() => application.emit("kinds", 5));
  const tail = early ?? (await attach());
  await ticks;
  // A viewer that sleeps through a session's whole life cannot get it: relayd forgets streams without viewers.
  await tail.until("got a row", () => tail.lines.length > 0);
  await application.end();
  await lttng.end(session);
  const delivered = (await tail.output()).split("\n").slice(0, -1);
  return { delivered, stored: await babeltraceLines(lttng.stored(session)), stderr: tail.stderr };
}

test.run();
