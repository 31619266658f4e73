/** Random queries over one table of rows, in our language and in SQL. */

type Next = (below: number) => number;

export interface RandomColumn {
  readonly name: string;
  readonly kind: "text" | "integer" | "float";
}

/** The columns of the rows that random queries are asked of. */
export const COLUMNS: readonly RandomColumn[] = [
  { name: "event", kind: "text" },
  { name: "container", kind: "text" },
  { name: "cpu_id", kind: "integer" },
  { name: "tid", kind: "integer" },
  { name: "ret", kind: "integer" },
  { name: "size", kind: "integer" },
  { name: "load", kind: "float" },
];

export interface RandomMeasure {
  readonly name: string;
  readonly text: string;
  readonly sql: string;
  /** Of a quantile: the answer of SQL is the sorted list. */
  readonly q?: number;
}

export interface RandomQuery {
  readonly text: string;
  readonly sql: string;
  readonly keys: readonly string[];
  readonly measures: readonly RandomMeasure[];
  readonly everyNs: number | undefined;
}

const TEXTS = ["alpha", "beta", "gamma"];

export function randomQuery(next: Next): RandomQuery {
  const pick = <T>(list: readonly T[]): T => list[next(list.length)]!;
  const where = next(2) === 0 ? condition(next) : undefined;
  const keys = shuffled(
    COLUMNS.filter(({ kind }) => kind !== "float"),
    next,
  ).slice(0, next(4));
  const measures = [COUNT, ...Array.from({ length: 1 + next(4) }, (_, i) => measure(next, i))];
  const everyNs = next(3) === 0 ? pick([1_000_000, 7_000_000, 20_000_000]) : undefined;
  const slideNs = everyNs !== undefined && next(3) === 0 ? everyNs / pick([2, 4, 5]) : everyNs;
  const text = [
    where === undefined ? "" : `|> where ${where.text}`,
    `|> ${measures.map((one) => `${one.name} = ${one.text}`).join(", ")}`,
    keys.length === 0 ? "" : `by ${keys.map(({ name }) => name).join(", ")}`,
    everyNs === undefined ? "" : `every ${everyNs}ns`,
    slideNs === everyNs ? "" : `slide ${slideNs}ns`,
  ];
  const names = keys.map(({ name }) => name);
  const windows =
    everyNs === undefined
      ? "FROM rows"
      : `FROM (SELECT *, unnest(generate_series(
          (t - ${everyNs}) // ${slideNs} * ${slideNs} + ${slideNs}, t // ${slideNs} * ${slideNs}, ${slideNs})) AS w
          FROM rows)`;
  const groups = [...(everyNs === undefined ? [] : ["w"]), ...names];
  const sql = `SELECT ${[...groups, ...measures.map((one) => one.sql)].join(", ")} ${windows}
    ${where === undefined ? "" : `WHERE ${where.sql}`}
    ${groups.length === 0 ? "" : `GROUP BY ${groups.join(", ")}`}`;
  return {
    text: text.filter((part) => part !== "").join(" "),
    sql,
    keys: names,
    measures,
    everyNs,
  };
}

interface Both {
  readonly text: string;
  readonly sql: string;
}

function condition(next: Next): Both {
  if (next(3) === 0) {
    const [left, right] = [term(next), term(next)];
    return next(2) === 0
      ? { text: `${left.text} && ${right.text}`, sql: `(${left.sql}) AND (${right.sql})` }
      : { text: `(${left.text} || ${right.text})`, sql: `((${left.sql}) OR (${right.sql}))` };
  }
  return term(next);
}

function term(next: Next): Both {
  const { name, kind } = COLUMNS[next(COLUMNS.length)]!;
  if (kind === "text") {
    const value = TEXTS[next(3)]!;
    if (next(3) === 0)
      return { text: `${name} == "${value[0]}*"`, sql: `${name} LIKE '${value[0]}%'` };
    const isEqual = next(2) === 0;
    return {
      text: `${name} ${isEqual ? "==" : "!="} "${value}"`,
      sql: `${name} ${isEqual ? "=" : "<>"} '${value}'`,
    };
  }
  const operator = ["<", "<=", ">", ">=", "==", "!="][next(6)]!;
  const value = next(200) - 100;
  return {
    text: `${name} ${operator} ${value}`,
    sql: `${name} ${operator === "==" ? "=" : operator} ${value}`,
  };
}

const COUNT: RandomMeasure = { name: "n", text: "count()", sql: "count(*)" };

function measure(next: Next, i: number): RandomMeasure {
  const name = `m${i}`;
  const own = bare(next);
  if (next(4) !== 0) return { name, ...own };
  const { text, sql } = condition(next);
  return {
    ...own,
    name,
    text: `${own.text} if (${text})`,
    sql: `${own.sql} FILTER (WHERE ${sql})`,
  };
}

function bare(next: Next): Omit<RandomMeasure, "name"> {
  const numbers = COLUMNS.filter(({ kind }) => kind !== "text");
  const any = COLUMNS[next(COLUMNS.length)]!.name;
  const one = numbers[next(numbers.length)]!;
  const { name } = one;
  switch (next(11)) {
    case 0:
      return { text: `count(${any})`, sql: `count(${any})` };
    case 1:
      return { text: `sum(${name})`, sql: `sum(${name})` };
    case 2:
      return { text: `min(${any})`, sql: `min(${any})` };
    case 3:
      return { text: `max(${any})`, sql: `max(${any})` };
    case 4:
      return { text: `avg(${name})`, sql: `avg(${name})` };
    case 5:
      return { text: `stddev(${name})`, sql: `stddev_samp(${name})` };
    case 6:
      return { text: `first(${any})`, sql: `arg_min(${any}, t)` };
    case 7:
      return { text: `last(${any})`, sql: `arg_max(${any}, t)` };
    case 8:
      return { text: `distinct(${any})`, sql: `count(DISTINCT ${any})` };
    case 9:
      return {
        text: `sum(tid * 2 + cpu_id)`,
        sql: `sum((tid * 2 + cpu_id)::DOUBLE)`,
      };
    default: {
      const q = [0, 0.1, 0.5, 0.9, 0.99, 1][next(6)]!;
      return {
        text: `quantile(${name}, ${q.toFixed(2)})`,
        sql: `list(${name} ORDER BY ${name})`,
        q,
      };
    }
  }
}

function shuffled<T>(list: readonly T[], next: Next): T[] {
  const left = [...list];
  return list.map(() => left.splice(next(left.length), 1)[0]!);
}
