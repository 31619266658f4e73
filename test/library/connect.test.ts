import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ProtocolError, SourceError } from "../../src/base/errors.ts";
import { connect, type LiveSession } from "../../src/library/connect.ts";
import { listSessions } from "../../src/relay/list-sessions.ts";
import { type ReplayServer, replay } from "../../src/replay/server.ts";
import { eventually } from "../support/child.ts";
import { freePorts } from "../support/ports.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("library/connect");
const trace = await recordedTrace("small");
const SMALL_ROWS = 17_202;

test.after(() => trace.remove());

async function viewers({ port }: ReplayServer): Promise<number[]> {
  return (await listSessions({ host: "127.0.0.1", port })).map(({ clients }) => clients);
}

function firstSession(url: string): Promise<LiveSession> {
  return new Promise((resolve, reject) => {
    const looking = connect(url, { from: "beginning", pollMs: 50 }).subscribe({
      next: (session) => {
        resolve(session);
        queueMicrotask(() => looking.unsubscribe());
      },
      error: reject,
    });
  });
}

test("gives a session, its rows to several at once, and lets go of it with the last of them", async () => {
  const relayd = await replay([trace.path], { speed: 1, session: "small" });
  const session = await firstSession(`net://127.0.0.1:${relayd.port}`);
  assert.equal(
    [session.url, session.host, session.name, session.format],
    [relayd.urls[0], "fosdem-host", "small", "ctf-1.8"],
  );
  assert.equal(await viewers(relayd), [0, 0]);
  let rows = 0;
  let packets = 0;
  const query = session
    .query({ select: ["event"] })
    .items()
    .subscribe((item) => {
      if (item.kind === "batch") rows += item.batch.rows;
    });
  const items = session.items.subscribe(({ kind }) => {
    if (kind === "packet") packets++;
  });
  await eventually("rows and packets come", () => (rows > 0 && packets > 0) || undefined);
  assert.equal(await viewers(relayd), [1, 1]);
  query.unsubscribe();
  assert.equal(await viewers(relayd), [1, 1]);
  const more = session.items.subscribe();
  items.unsubscribe();
  assert.equal(await viewers(relayd), [1, 1]);
  more.unsubscribe();
  await eventually("it is detached", async () =>
    (await viewers(relayd)).every((count) => count === 0) ? true : undefined,
  );
  await relayd.close();
});

test("counts every row of a session from its beginning to its end", async () => {
  const relayd = await replay([trace.path], { speed: "max", session: "small" });
  const session = await firstSession(`net://127.0.0.1:${relayd.port}/host/*/sm*`);
  let rows = 0;
  await new Promise<void>((resolve, reject) => {
    session
      .query({ select: [] })
      .items()
      .subscribe({
        next: (item) => {
          if (item.kind === "batch") rows += item.batch.rows;
        },
        error: reject,
        complete: resolve,
      });
  });
  assert.is(rows, SMALL_ROWS);
  await relayd.close();
});

test("waits for the relayd when asked to, and finds sessions that come later", async () => {
  const [port = 0] = await freePorts(1);
  const found: string[] = [];
  const looking = connect(`net://127.0.0.1:${port}`, { wait: true, pollMs: 20 }).subscribe(
    ({ name }) => found.push(name),
  );
  const relayd = await replay([trace.path], { speed: 1, session: "late", port });
  await eventually("the session is found", () => found.length > 0 || undefined);
  assert.equal(found, ["late"]);
  looking.unsubscribe();
  await relayd.close();
});

test("says what is wrong with the URL, or that nothing answers", async () => {
  assert.instance(await firstSession("http://box").catch((error: unknown) => error), SourceError);
  const refused = await firstSession("net://127.0.0.1:1").catch((error: unknown) => error);
  assert.instance(refused, ProtocolError);
});

test.run();
