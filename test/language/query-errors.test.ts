/** What a query may say, and what is said of one that is wrong: code, place, and the words that help. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FilterError } from "../../src/base/errors.ts";
import { planQuery } from "../../src/language/plan.ts";

const test = suite("language/query-errors");

const GOOD = [
  "",
  "ret < 0",
  "|> events",
  '$container.name == "web" |> syscalls |> where dt > 1ms && ret < 0',
  "|> count(), p50(ret), p99(ret), errors = count() if (ret < 0) by container, event every 1s |> top 10 by p99_ret per window",
  "|> slices |> usage(dt) by container every 1s",
  '$event.name == "sched_*" |> count() by container, event',
  '|> pair "my_app:request_begin" then "my_app:request_end" by request_id within 10s |> p99(dt), hist(dt) by container',
  '|> pair "a:*_begin" where size > 3 then "a:*_end" where ok == 1 by id |> select begin.id, end.ok, dt',
  "|> syscalls |> select timestamp, dt / 1000 as us, ret < 0 as failed |> sort us desc, failed |> limit 3",
  "|> count() by container every 10s slide 1s |> where count > 3 |> avg(count) by container",
  "|> quantile(ret, 0.25), distinct($ctx.tid), stddev(ret), first(event), rate(), rate(ret) by cpu_id",
  "|> where ret < 0 |> where ret > -5 |> limit 3",
  "|> top 3 by ret per event",
  "|> syscalls |> where dt > 0.5ms |> count() every 1.5s slide 0.25s",
  "|> limit 18446744073709551615",
];

for (const text of GOOD) {
  test(`reads ${JSON.stringify(text)}`, () => {
    const planned = planQuery(text);
    assert.is(planned.text, text);
    assert.ok(planned.open({ isLive: true }).length >= (planned.isPlain ? 0 : 1));
  });
}

/** The query, with `[` and `]` around what the error is at; the code; words of the message. */
const BAD: readonly (readonly [string, string, RegExp])[] = [
  ["|> [sycalls]", "QUERY_NAME", /did you mean syscalls/],
  ["|> [cont]()", "QUERY_NAME", /did you mean count/],
  ["|> syscalls |> [slices]", "QUERY_STAGE", /as the first stage only/],
  [
    "|> count() [bye] event",
    "FILTER_SYNTAX",
    /expected ",", "by", "every", "if" or "|>", got "bye"/,
  ],
  ["[| >] count()", "QUERY_SYNTAX", /without a blank/],
  ["|> [sum()]", "QUERY_STAGE", /expected 1 value, got 0/],
  ["|> [quantile(ret)]", "QUERY_STAGE", /expected 2 values, got 1/],
  ["|> quantile(ret, [2])", "QUERY_TYPE", /from 0 to 1/],
  ["|> [usage(ret)]", "QUERY_TYPE", /a table of intervals/],
  ["|> [limit]", "QUERY_STAGE", /expected a number of rows, got nothing \(write \|> limit 10\)/],
  ["|> syscalls |> [where]", "QUERY_STAGE", /expected a condition, got nothing/],
  [
    "|> limit [abc]",
    "FILTER_SYNTAX",
    /expected a number of rows, got "abc" \(write \|> limit 10\)/,
  ],
  ["|> limit [1.5]", "FILTER_SYNTAX", /expected a number of rows, got "1.5"/],
  ["|> limit [5s]", "QUERY_STAGE", /expected a number of rows, got 5s/],
  ["|> top 3 [count]", "FILTER_SYNTAX", /write \|> top 5 by count/],
  ["|> sort by [ret]", "FILTER_SYNTAX", /write \|> sort count desc/],
  ["|> count() [BY] event", "FILTER_SYNTAX", /words are in small letters: by/],
  [
    "|> count() every[ ]",
    "FILTER_SYNTAX",
    /expected a duration, such as 1s, got the end of the text/,
  ],
  ["|> count() every [s]", "FILTER_SYNTAX", /expected a duration, such as 1s, got "s"/],
  ["|> count() every [0.5KiB]", "QUERY_STAGE", /its unit, such as 1s or 0.5ms/],
  ["|> count() every [0.5ns]", "QUERY_STAGE", /expected a whole number of nanoseconds, got 0.5ns/],
  ["|> count() every [500]", "QUERY_STAGE", /its unit, such as 1s or 500ms/],
  ["|> count() every [4KiB]", "QUERY_STAGE", /its unit, such as 1s or 4ms/],
  ['|> pair "a" then "b" within [10]', "QUERY_STAGE", /within: expected a duration with its unit/],
  ["|> count() every 1s slide [10]", "QUERY_STAGE", /its unit, such as 1s or 10ms/],
  ["|> count() every [0s]", "QUERY_STAGE", /more than 0/],
  ["|> count() every 1s slide [2s]", "QUERY_STAGE", /no longer than the window/],
  ["|> count() every 1s slide [1ns]", "QUERY_STAGE", /at most 10000 windows/],
  ["|> count(), [count()]", "QUERY_STAGE", /got count twice/],
  ["|> select ret, [ret]", "QUERY_STAGE", /got ret twice/],
  ["|> count() by event |> where [cont] > 3", "QUERY_NAME", /did you mean count/],
  ["|> count() by event |> top 3 by [sum_x]", "QUERY_NAME", /there are event, count/],
  ['|> syscalls |> select ["x"]', "QUERY_TYPE", /a column, a number/],
  ['|> pair "a:*" then ["b:c"]', "QUERY_STAGE", /no star in either name, or one in each/],
  ['|> syscalls |> where [$event.name] == "x"', "QUERY_NAME", /got event/],
  ["|> where ret <[ ]", "FILTER_SYNTAX", /expected a value/],
  ['|> where [$contanier].name == "x"', "FILTER_NAME", /\$container/],
];

for (const [marked, code, words] of BAD) {
  test(`refuses ${marked}`, () => {
    const start = marked.indexOf("[");
    const text = marked.replace("[", "").replace("]", "");
    const end = marked.indexOf("]") - 1;
    let error: unknown;
    try {
      planQuery(text);
    } catch (thrown) {
      error = thrown;
    }
    assert.instance(error, FilterError);
    const wrong = error as FilterError;
    assert.is(wrong.code, code);
    assert.match(wrong.message, words);
    assert.is(wrong.start, start, wrong.message);
    if (code !== "FILTER_SYNTAX") assert.is(wrong.end, end, wrong.message);
  });
}

/** What people write who come from elsewhere, and the hint that they get. */
const SLIPS: readonly (readonly [string, string])[] = [
  ["ret < 0 count() by event", "a stage stands behind |>: |> count() …"],
  ["syscalls where ret < 0", "a stage stands behind |>: |> syscalls …"],
  ["SELECT count(*) FROM syscalls", "stages instead of clauses: |> syscalls |> count() by syscall"],
  ["ret < 0 | count()", "a stage stands behind |>: |> count() …"],
  ["|> count by event", "write count()"],
  ["|> group by event", "an aggregate stands for itself: |> count() by event"],
  ["|> stats count() by event", "an aggregate stands for itself: |> count() by event"],
  ["|> count() as n by event", "an aggregate's name stands before it: total = count()"],
  ["|> count() by event if (ret < 0)", "if (…) stands behind its aggregate"],
  ["|> count() where ret < 0", "write count() if (ret < 0), or a stage before"],
  ["|> count() every 10 s", "a duration has no blank: 10s"],
  ["|> syscalls where ret < 0", 'stages are apart by "|>"'],
  ["|> syscalls | head", 'stages are apart by "|>"'],
  ["|> syscalls |> p99(dt) by syscall |> sort p99 desc", "did you mean p99_dt?"],
  ["|> syscalls |> mean(dt)", "did you mean avg?"],
  ["|> syscalls |> p75(dt)", "did you mean quantile(…, 0.75)?"],
  ["|> count(*) by event", "write count()"],
  ["|> count() by event order by count", "order is a stage of its own: |> sort count desc"],
  ["|> count() by event |> order by count", "write |> sort count desc"],
  ["|> count() by event |> head 3", "write |> limit 10"],
  ["|> filter ret < 0", "write |> where ret < 0"],
  ['|> where event like "a%"', 'texts match globs: event == "sched_*"'],
  ['|> where event =~ "a.*"', 'texts match globs: event == "sched_*"'],
  ["|> count() by 1s", "windows stand behind the keys"],
  ["|> count() by bin(timestamp, 1s)", "windows stand behind the keys"],
  ["|> top container", "write |> top 5 by count"],
  ["|> top 3", "write |> top 5 by count"],
  ["|> count() every 1s by event", "keys stand before the windows: count() by event every 1s"],
  ["|> count() per event", "keys stand behind by: count() by event"],
  ["|> count() by event having count > 3", "write |> where count > 10"],
  ["|> select event, count() by event", "an aggregate is a stage of its own: |> count() by event"],
  ["|> syscalls |> p99.9(dt)", "write p999()"],
  ['event =~ "sched_.*"', 'texts match globs: $event.name == "sched_*"'],
  ['event like "sched_%" |> count()', 'texts match globs: $event.name == "sched_*"'],
  ["ret < 0 AND ret > -5 |> count()", 'logical and is "&&"'],
  ["|> where not ret", 'logical not is "!"'],
];

for (const [text, hint] of SLIPS)
  test(`helps with ${text}`, () => {
    assert.throws(
      () => planQuery(text),
      (error: unknown) => error instanceof FilterError && error.message.includes(hint),
    );
  });

test("a text of any length is read or refused in time that grows with it", () => {
  const longest = `|> ${Array.from({ length: 400 }, (_, i) => `m${i} = count()`).join(", ")}`;
  assert.is(planQuery(longest).isPlain, false);
  assert.throws(() => planQuery(`|> count() by ${"(".repeat(5000)}`), /expected/);
  assert.throws(() => planQuery("|> ".repeat(2000)), /expected/);
});

test.run();
