# SPDX-License-Identifier: Apache-2.0
"""The schema a file names, the one it can be read with, and two repairs of its text that lose nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from twin.errors import Problem, RefusedError
from twin.text import Text

BUILT: Final = ("IFC2X3", "IFC4", "IFC4X3_ADD2")

NEAREST: Final = {
    "IFC2X_FINAL": "IFC2X3",
    "IFC2X2_FINAL": "IFC2X3",
    "IFC2X2": "IFC2X3",
    "IFC2X3_FINAL": "IFC2X3",
    "IFC2X3_TC1": "IFC2X3",
    "IFC4_ADD1": "IFC4",
    "IFC4_ADD2": "IFC4",
    "IFC4_ADD2_TC1": "IFC4",
    "IFC4X1": "IFC4X3_ADD2",
    "IFC4X2": "IFC4X3_ADD2",
    "IFC4X3": "IFC4X3_ADD2",
    "IFC4X3_ADD1": "IFC4X3_ADD2",
    "IFC4X3_TC1": "IFC4X3_ADD2",
    "IFC4X3_RC1": "IFC4X3_ADD2",
    "IFC4X3_RC2": "IFC4X3_ADD2",
    "IFC4X3_RC3": "IFC4X3_ADD2",
    "IFC4X3_RC4": "IFC4X3_ADD2",
}

TAIL: Final = 4096

_DECLARATION: Final = re.compile(rb"FILE_SCHEMA\s*\(\s*\(\s*'([^']{0,64})'", re.IGNORECASE)
# `\X2\5E3889C4\X0:` lacks the backslash that ends the escape; a parser runs on into the next value.
_OPEN_ESCAPE: Final = re.compile(rb"(\\X[24]\\(?:[0-9A-Fa-f]{4})*\\X0)(?!\\)")


@dataclass(frozen=True)
class ReadableText:
    """The bytes to parse, the schema the file names and the one it is read with, and what was changed."""

    data: bytes
    declared: str
    read_as: str
    problems: tuple[Problem, ...]


def prepare_text(data: bytes) -> ReadableText:
    """Settles the schema and mends open escapes. Raises RefusedError for a schema that nothing here reads,
    and for a text without its end.
    """
    found = _DECLARATION.search(data[:65536])
    declared = found[1].decode("ascii", "replace").strip() if found else ""
    if not found or not declared:
        raise RefusedError(
            Text(zh="文件头没有 FILE_SCHEMA。", en="The header has no FILE_SCHEMA."),
        )
    if b"END-ISO-10303-21" not in data[-TAIL:].upper():
        # A parser takes what there is of an interrupted upload for the whole model.
        raise RefusedError(
            Text(
                zh="文件不完整:缺少结尾的 END-ISO-10303-21;请重新上传或导出。",
                en="The file is cut off: it lacks its END-ISO-10303-21; upload or export it again.",
            )
        )
    problems: list[Problem] = []
    name = declared.upper()
    read_as = name if name in BUILT else NEAREST.get(name)
    if read_as is None:
        known = ", ".join(BUILT)
        raise RefusedError(
            Text(
                zh=f"模式 {declared} 不能读取;请导出为 {known} 之一。",
                en=f"The schema {declared} cannot be read; export the model as one of {known}.",
            )
        )
    if read_as != declared:
        data = data[: found.start(1)] + read_as.encode() + data[found.end(1) :]
    if read_as != name:
        problems.append(
            Problem(
                "FILE_SCHEMA",
                Text(
                    zh=f"模式 {declared} 按最接近的 {read_as} 读取。",
                    en=f"The schema {declared} is read as its nearest relative, {read_as}.",
                ),
                Text(zh=f"最好导出为 {read_as}。", en=f"Better export the model as {read_as}."),
            )
        )
    data, mended = _OPEN_ESCAPE.subn(rb"\1\\", data)
    if mended:
        problems.append(
            Problem(
                "DATA",
                Text(
                    zh=f"{mended} 处中文转义没有结束符(\\X0 后缺少反斜杠),已补上。",
                    en=f"{mended} escapes lacked their end (no backslash after \\X0); it was added.",
                ),
                Text(zh="请更新导出插件。", en="Update the exporter."),
            )
        )
    return ReadableText(data, declared, read_as, tuple(problems))
