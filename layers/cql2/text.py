# SPDX-License-Identifier: Apache-2.0
"""CQL2 text to the tree of CQL2 JSON.

The library's parser takes time that doubles with every open parenthesis, and overflows the process' stack where
thousands of operators nest. So the text is looked over first: what is not closed, too deep or too long is refused
before the parser sees it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

import cql2

from layers.cql2.refusal import FLATTEN, TOO_DEEP, refuse
from twin.text import Text

MAX_LENGTH: Final = 20_000
"""Characters of an expression, in either form."""

MAX_DEPTH: Final = 32
MAX_OPERATORS: Final = 400
_MAX_WORK: Final = 500_000
"""Length times two to the power of the open groups: about a quarter of a second of parsing at worst."""

_TOKEN: Final = re.compile(r"'[^']*'|\"[^\"]*\"|[^\W\d]\w*|[()]|[-+*/^%]|[<>=!]+|['\"]|\s+|[^\s()'\"<>=!+*/^%-]+")
_OPERATORS: Final = frozenset({"not", "and", "or", "in", "like", "between", "is", "div"})
_SHAPES: Final = frozenset(
    {"point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection"}
)
_DIMENSIONS: Final = frozenset({"z", "m", "zm"})
_EXPONENT: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d{1,3}\b")
_PLACE: Final = re.compile(r"-->\s*(\d+):(\d+)")
_WRITE_IT: Final = Text(
    "参照 OGC 21-065r2 的 CQL2 文本写法,如 height > 20 AND use = 'office';加号在网址中写作 %2B",
    "write it as CQL2 text of OGC 21-065r2, like height > 20 AND use = 'office'; a plus sign in a URL is %2B",
)
_CLOSE: Final = Text("请补全或删去它", "close it or take it away")


def parse_text(text: str) -> Any:
    """The tree of a text. Raises InvalidRequestError with line and column."""
    written = _look_over(text)
    try:
        return cql2.parse_text(written).to_json()
    except Exception as error:  # the library raises bare exceptions
        found = _PLACE.search(str(error))
        if found is None:
            what = Text("不是有效的 CQL2 文本", "it is no CQL2 text")
            raise refuse("1:1", what, _WRITE_IT) from error
        where, near = _show_place(written, int(found[1]), int(found[2]))
        what = Text(f"此处无法理解(“{near}”)", f"it cannot be understood from here on ('{near}')")
        raise refuse(where, what, _WRITE_IT) from error


def check_length(text: str) -> None:
    """Raises InvalidRequestError for an empty expression and for one that is too long."""
    if not text.strip():
        raise refuse("1:1", Text("表达式为空", "the expression is empty"), _WRITE_IT)
    if len(text) > MAX_LENGTH:
        raise refuse(
            f"1:{MAX_LENGTH + 1}",
            Text(f"表达式超过 {MAX_LENGTH} 个字符", f"it is longer than {MAX_LENGTH} characters"),
            Text("请简化表达式或几何", "simplify the expression or its geometry"),
        )


def _look_over(text: str) -> str:
    """The text as the parser takes it: coordinates without exponents, which it does not know there."""
    opened: list[tuple[int, bool, bool]] = []  # position, whether it groups, whether it is in a geometry
    groups = most = operators = 0
    words: tuple[str, str] = ("", "")
    shapes: list[tuple[int, int]] = []
    for token in _TOKEN.finditer(text):
        piece, at = token[0], token.start()
        if piece.isspace():
            continue
        if piece in "'\"":
            raise refuse(_locate(text, at), Text("引号没有闭合", "a quote is not closed"), _CLOSE)
        in_shape = bool(opened) and opened[-1][2]
        if piece == "(":
            word = words[0] if words[1] in _DIMENSIONS and words[0] in _SHAPES else words[1]
            is_call = word[:1].isalpha() and word not in _OPERATORS
            in_shape = in_shape or word in _SHAPES
            groups += not is_call and not in_shape
            most = max(most, groups)
            opened.append((at, not is_call and not in_shape, in_shape))
            if len(opened) > MAX_DEPTH:
                raise refuse(_locate(text, at), TOO_DEEP, FLATTEN)
        elif piece == ")":
            if not opened:
                what = Text("多了一个右括号", "a parenthesis is closed that was never opened")
                raise refuse(_locate(text, at), what, _CLOSE)
            start, was_group, _ = opened.pop()
            groups -= was_group
            if in_shape and not (opened and opened[-1][2]):
                shapes.append((start, token.end()))
        elif not in_shape and (piece[0] in "-+*/^%<>=!" or piece.lower() in _OPERATORS):
            operators += 1
            if operators > MAX_OPERATORS:
                what = Text(f"运算符超过 {MAX_OPERATORS} 个", f"it has more than {MAX_OPERATORS} operators")
                fix = Text("多个取值请用 IN (…)", "ask for many values by IN (…)")
                raise refuse(_locate(text, at), what, fix)
        words = (words[1], piece.lower())
    if opened:
        what = Text("括号没有闭合", "a parenthesis is not closed")
        raise refuse(_locate(text, opened[-1][0]), what, _CLOSE)
    if len(text) << most > _MAX_WORK:
        raise refuse("1:1", TOO_DEEP, Text(f"{FLATTEN.zh},或改用 cql2-json", f"{FLATTEN.en}, or use cql2-json"))
    return _spell_out(text, shapes)


def _spell_out(text: str, shapes: list[tuple[int, int]]) -> str:
    """The text with the exponents of coordinates written out."""
    for start, end in reversed(shapes):
        inside = _EXPONENT.sub(lambda found: format(Decimal(found[0]), "f"), text[start:end])
        text = text[:start] + inside + text[end:]
    return text


def _locate(text: str, at: int) -> str:
    """`line:column` of a position, both from 1."""
    before = text[:at].split("\n")
    return f"{len(before)}:{len(before[-1]) + 1}"


def _show_place(text: str, line: int, column: int) -> tuple[str, str]:
    """The place, and the few characters that stand there."""
    lines = text.split("\n")
    near = lines[line - 1][column - 1 : column + 19] if line <= len(lines) else ""
    return f"{line}:{column}", near.strip() or "…"
