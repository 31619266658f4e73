# The filter language: LTTng's (lttng-tools 2.13.9, src/common/filter/filter-parser.ypp) with the
# extensions marked (+), every one of which LTTng's own parser refuses.
#
# One rule per precedence level, loosest first. Bitwise operators bind tighter than comparisons, unlike C.
# Post-processors only call constructors of ast.ts: Earley also runs them on paths that it later drops.

@preprocessor typescript
@{%
import * as ast from "./ast.ts";
import { tokenKinds as lexer } from "./lexer.ts";
%}
@lexer lexer

filter -> or {% ([e]) => e %}

or -> and {% ([e]) => e %}
    | or "||" and {% ([l, op, r]) => ast.logical(l, op, r) %}

and -> equality {% ([e]) => e %}
     | and "&&" equality {% ([l, op, r]) => ast.logical(l, op, r) %}

equality -> relation {% ([e]) => e %}
          | equality ("==" | "!=") relation {% ([l, [op], r]) => ast.binary(l, op, r) %}

relation -> bitor {% ([e]) => e %}
          | relation ("<" | ">" | "<=" | ">=") bitor {% ([l, [op], r]) => ast.binary(l, op, r) %}
          | relation "in" "(" list ")" {% ([l, , , list, close]) => ast.membership(l, list, close) %} # (+)

list -> bitor {% ([e]) => ast.cons(e, undefined) %}
      | list "," bitor {% ([list, , e]) => ast.cons(e, list) %}

bitor -> bitxor {% ([e]) => e %}
       | bitor "|" bitxor {% ([l, op, r]) => ast.binary(l, op, r) %}

bitxor -> bitand {% ([e]) => e %}
        | bitxor "^" bitand {% ([l, op, r]) => ast.binary(l, op, r) %}

bitand -> shift {% ([e]) => e %}
        | bitand "&" shift {% ([l, op, r]) => ast.binary(l, op, r) %}

shift -> sum {% ([e]) => e %}
       | shift ("<<" | ">>") sum {% ([l, [op], r]) => ast.binary(l, op, r) %}

sum -> product {% ([e]) => e %}
     | sum ("+" | "-") product {% ([l, [op], r]) => ast.binary(l, op, r) %}

product -> unary {% ([e]) => e %}
         | product ("*" | "/" | "%") unary {% ([l, [op], r]) => ast.binary(l, op, r) %}

unary -> prefixed {% ([e]) => e %}
       | %integer {% ([token]) => ast.literal("integer", token) %}
       | other {% ([e]) => e %}

prefixed -> ("-" | "+" | "!" | "~") unary {% ([[op], e]) => ast.unary(op, e) %}

# Everything that can stand between brackets, too, without being an index.
other -> %float {% ([token]) => ast.literal("float", token) %}
       | %string {% ([token]) => ast.literal("string", token) %}
       | "(" or ")" {% ([, e]) => e %}
       | path {% ([path]) => ast.reference(path, undefined) %}
       | path "?" {% ([path, question]) => ast.reference(path, question) %} # (+)

# An identifier is also any name between backquotes (+).
path -> (%identifier | %global) indexes {% ([[name], indexes]) => ast.path(name, indexes, undefined) %}
      | path ("." | "->") (%identifier | %global) indexes
        {% ([before, , [name], indexes]) => ast.path(name, indexes, before) %}

indexes -> null {% () => undefined %}
         | indexes "[" %integer "]" {% ([list, , token]) => ast.cons(ast.integerIndex(token), list) %}
         | indexes "[" (prefixed | other) "]" {% ([list, open, , close]) => ast.cons(ast.computedIndex(open, close), list) %}
