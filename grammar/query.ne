# The query language: a filter, then stages. What a filter may be stands in filter.ne: its rules (`or`, `bitor`, `path`)
# are joined with these when the parser is made. `|>` is read as its two signs: no filter has them in this order.
#
# Post-processors only call constructors of query-ast.ts: Earley also runs them on paths that it later drops.

@preprocessor typescript
@{%
import * as ast from "./query-ast.ts";
import { tokenKinds as lexer } from "../filter/lexer.ts";
%}
@lexer lexer

query -> or:? piped:* {% ([filter, stages]) => ast.query(filter ?? undefined, stages) %}

piped -> "|" ">" stage {% ([bar, arrow, stage]) => ast.piped(bar, arrow, stage) %}

stage -> %identifier {% ([name]) => ast.table(name) %}
       | pair {% ([e]) => e %}
       | "where" or {% ([word, condition]) => ast.where(word, condition) %}
       | "select" items {% ([word, items]) => ast.select(word, items) %}
       | aggregate {% ([e]) => e %}
       | "sort" orders {% ([word, orders]) => ast.sort(word, orders) %}
       | "top" %integer "by" name ("per" names):?
           {% ([word, count, , by, per]) => ast.top(word, count, by, per?.[1]) %}
       | "limit" %integer {% ([word, count]) => ast.limit(word, count) %}

pair -> "pair" event "then" event ("by" names):? ("within" %integer):?
          {% ([word, begin, , end, by, within]) => ast.pair(word, begin, end, by?.[1], within?.[1]) %}

event -> (%string | %identifier) ("where" or):?
           {% ([[name], where]) => ast.eventGlob(name, where?.[1]) %}

aggregate -> measures ("by" keys):? ("every" %integer ("slide" %integer):?):?
               {% ([measures, by, every]) => ast.aggregate(measures, by?.[1], every?.[1], every?.[2]?.[1]) %}

measures -> measure {% ([e]) => [e] %}
          | measures "," measure {% ([list, , e]) => [...list, e] %}

measure -> (%identifier "="):? %identifier "(" arguments:? ")" ("if" "(" or ")"):?
             {% ([label, name, , args, close, condition]) =>
                  ast.measure(label?.[0], name, args ?? [], close, condition?.[2], condition?.[3]) %}

arguments -> bitor {% ([e]) => [e] %}
           | arguments "," bitor {% ([list, , e]) => [...list, e] %}

items -> item {% ([e]) => [e] %}
       | items "," item {% ([list, , e]) => [...list, e] %}

item -> or ("as" %identifier):? {% ([value, label]) => ast.item(value, label?.[1]) %}

keys -> key {% ([e]) => [e] %}
      | keys "," key {% ([list, , e]) => [...list, e] %}

key -> name {% ([e]) => e %}

names -> name {% ([e]) => [e] %}
       | names "," name {% ([list, , e]) => [...list, e] %}

name -> path {% ([path]) => ast.name(path) %}

orders -> order {% ([e]) => [e] %}
        | orders "," order {% ([list, , e]) => [...list, e] %}

order -> name ("asc" | "desc"):? {% ([name, direction]) => ast.order(name, direction?.[0]) %}
