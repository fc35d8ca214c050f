# SPDX-License-Identifier: Apache-2.0
"""How a CQL2 expression is refused: where, what, and how to mend it."""

from __future__ import annotations

from twin.errors import InvalidRequestError
from twin.text import Text

PARAMETER = "filter"

TOO_DEEP = Text("嵌套过深", "it is nested too deeply")
FLATTEN = Text("请减少括号与嵌套,或拆成几次查询", "use fewer parentheses and levels, or ask in several requests")


def refuse(where: str, what: Text, fix: Text) -> InvalidRequestError:
    """The error for the place `where`: a line and column of the text, or a path in the JSON form (`$.args[0]`)."""
    return InvalidRequestError(
        Text(
            f"参数 {PARAMETER} 有误,位置 {where}:{what.zh}。{fix.zh}。",
            f"The parameter {PARAMETER} is wrong at {where}: {what.en}. To mend it: {fix.en}.",
        ),
        PARAMETER,
    )
