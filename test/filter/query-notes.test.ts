/** What a query says of its filter before the first row. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openFeed } from "../../src/feed/feed.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { runSpec, type Spec } from "../support/query.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("filter/query-notes");
const trace = await recordedTrace("small");

test.after(() => trace.remove());

function notesOf(where: string, spec: Spec = {}): Promise<readonly string[]> {
  const query = { ...spec, filter: compileFilter(where), limit: 1 };
  const notes: string[] = [];
  return new Promise((resolve, reject) => {
    runSpec(query, openFeed([trace.path], { from: "beginning" }).share().items).subscribe({
      next: (item) => {
        if (item.kind === "note") notes.push(item.text);
      },
      error: reject,
      complete: () => resolve(notes),
    });
  });
}

test("reports which event classes a filter leaves out, and how it could keep them", async () => {
  assert.equal(await notesOf('filename == "/etc/*" || $ctx.procname == "python3"'), [
    "the filter can match 6 of 66 event classes; 60 have no filename (filename? would keep them)",
  ]);
  assert.equal(await notesOf("filename == 3"), [
    "the filter can match none of the 66 event classes; 60 have no filename, in 6: cannot compare the text filename with the integer 3 by ==",
  ]);
});

test("looks only at the event classes that were asked for", async () => {
  const where = 'filename == "/etc/*"';
  assert.equal(
    await notesOf(where, { events: ["sched_process_exec", "syscall_entry_openat"] }),
    [],
  );
});

test("keeps quiet when nothing is left out by mistake", async () => {
  for (const where of ["1", 'filename? == "/etc/*"', '$event.name == "sched_*"', "$ctx.vpid != 0"])
    assert.equal(await notesOf(where), [], where);
});

test("refuses a name that no class has, and only notes one that may be absent", async () => {
  let refusal = "";
  await notesOf("filname == 'a'").catch((error: Error) => {
    refusal = error.message;
  });
  assert.match(refusal, "did you mean filename?");
  const [note] = await notesOf("filname? == 'a' || ret? < 0");
  assert.match(note ?? "", "did you mean filename?");
});

test.run();
