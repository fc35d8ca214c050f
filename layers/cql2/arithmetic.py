# SPDX-License-Identifier: Apache-2.0
"""Arithmetic that has a value or none, and never fails.

A division by zero or a number too large would fail the whole statement for one row, so where the database would
refuse to go on the value is NULL: unknown, as arithmetic with a NULL is.
"""

from __future__ import annotations

import math
from typing import Final, LiteralString

from psycopg.sql import SQL, Composable

OPERATORS: Final = frozenset({"+", "-", "*", "/", "div", "%", "^"})

_LARGEST: Final = 1e300
_EXPONENT: Final = 690.0
"""ln of `_LARGEST`, and a little less."""

_SUM: Final[LiteralString] = "CASE WHEN abs(x) < 1e300 AND abs(y) < 1e300 THEN x {} y END"
_PRODUCT: Final[LiteralString] = (
    "CASE WHEN x = 0 OR y = 0 THEN 0 WHEN ln(abs(x)) + ln(abs(y)) BETWEEN -690 AND 690 THEN x * y END"
)
_QUOTIENT: Final[LiteralString] = (
    "CASE WHEN y = 0 THEN NULL WHEN x = 0 THEN 0 WHEN ln(abs(x)) - ln(abs(y)) BETWEEN -690 AND 690 THEN {} END"
)
_POWER: Final[LiteralString] = (
    "CASE WHEN y = 0 THEN 1 WHEN x = 0 THEN CASE WHEN y > 0 THEN 0 END WHEN x < 0 AND y <> floor(y) THEN NULL "
    "WHEN abs(y) < 690 / greatest(abs(ln(abs(x))), 1e-290) THEN x ^ y END"
)
_TEMPLATES: Final[dict[str, LiteralString]] = {
    "+": _SUM.format("+"),
    "-": _SUM.format("-"),
    "*": _PRODUCT,
    "/": _QUOTIENT.format("x / y"),
    "div": _QUOTIENT.format("trunc(x / y)"),
    "%": _QUOTIENT.format("x - y * trunc(x / y)"),
    "^": _POWER,
}


def compute(operator: str, left: Composable, right: Composable) -> Composable:
    """SQL of one operation on two numbers, each of which is worked out once."""
    # Without OFFSET the planner would put both in wherever x and y stand, and fold what a CASE is to keep from it.
    return SQL("(SELECT {} FROM (SELECT {}::float8 AS x, {}::float8 AS y OFFSET 0) AS operands)").format(
        SQL(_TEMPLATES[operator].replace("%", "%%")), left, right
    )


def fold(operator: str, x: float, y: float) -> float | None:
    """The same of two literals, None for NULL.

    >>> fold("/", 7.0, 2.0), fold("div", -7.0, 2.0), fold("%", -7.0, 2.0), fold("/", 1.0, 0.0)
    (3.5, -3.0, -1.0, None)
    """
    try:
        match operator:
            case "+":
                value = x + y
            case "-":
                value = x - y
            case "*":
                value = x * y
            case "/":
                value = x / y
            case "div":
                value = float(math.trunc(x / y))
            case "%":
                value = x - y * math.trunc(x / y)
            case _:
                value = math.pow(x, y)
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    return value if abs(value) < _LARGEST else None
