# SPDX-License-Identifier: Apache-2.0
"""The schema a file names, the one it can be read with, and repairs of its text that lose nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ingest.bim.charset import UTF8_MARK, escape_pieces, find_charset
from ingest.bim.spool import Spool
from twin.errors import Problem, RefusedError
from twin.text import Text

BUILT: Final = ("IFC2X3", "IFC4", "IFC4X3_ADD2")

NEAREST: Final = {
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
HEAD: Final = 65536
LONGEST: Final = 8 << 20
"""Bytes without a single semicolon that are still looked at together."""

_DECLARATION: Final = re.compile(rb"FILE_SCHEMA\s*\(\s*\(\s*'([^']{0,64})'", re.IGNORECASE)
# `\X2\5E3889C4\X0:` lacks the backslash that ends the escape; a parser runs on into the next value.
_OPEN_ESCAPE: Final = re.compile(rb"(\\X[24]\\(?:[0-9A-Fa-f]{4})*\\X0)(?!\\)")
_BEFORE: Final = b" \t\r\n\0"


@dataclass(frozen=True)
class ReadableText:
    """The text to parse, the schema the file names and the one it is read with, and what was changed."""

    data: Spool
    declared: str
    read_as: str
    problems: tuple[Problem, ...]


def prepare_text(data: Spool) -> ReadableText:
    """Settles the schema, rewrites what is no ASCII and mends open escapes. Raises RefusedError for a schema that
    nothing here reads, and for a text without its end.
    """
    head = data.read(0, HEAD)
    found = _DECLARATION.search(head)
    declared = found[1].decode("ascii", "replace").strip() if found else ""
    if not found or not declared:
        raise RefusedError(
            Text(
                zh="文件头没有可读的 FILE_SCHEMA;请重新导出。",
                en="The header has no FILE_SCHEMA that can be read; export it again.",
            ),
        )
    if b"END-ISO-10303-21" not in _read_tail(data).upper():
        # A parser takes what there is of an interrupted upload for the whole model.
        raise RefusedError(
            Text(
                zh="文件不完整:缺少结尾的 END-ISO-10303-21;请重新上传或导出。",
                en="The file is cut off: it lacks its END-ISO-10303-21; upload or export it again.",
            )
        )
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
    problems: list[Problem] = []
    if read_as != name:
        problems.append(_tell_schema(declared, read_as))
    start = len(head) - len(head.removeprefix(UTF8_MARK).lstrip(_BEFORE))
    charset = find_charset(data, start)
    if charset:
        problems.append(_tell_charset(charset))
    text, mended = _write_text(data, start, (found.start(1), found.end(1), read_as.encode()), charset)
    if mended:
        problems.append(_tell_escapes(mended))
    return ReadableText(text, declared, read_as, tuple(problems))


def _read_tail(data: Spool) -> bytes:
    """The last bytes before what fills the file up to a block's end."""
    end = len(data)
    while end > 0:
        tail = data.read(max(0, end - TAIL), min(TAIL, end))
        if stripped := tail.rstrip(_BEFORE + b"\x1a"):
            end += len(stripped) - len(tail)
            return data.read(max(0, end - TAIL), min(TAIL, end))
        end -= len(tail)
    return b""


def _write_text(data: Spool, start: int, schema: tuple[int, int, bytes], charset: str | None) -> tuple[Spool, int]:
    """A mended copy from `start` on, with the schema's name (from, to, new) exchanged; and how many mends."""
    text, mended = Spool(), 0
    low, high, name = schema
    before = [data.read(start, low - start)]
    text.write(b"".join(escape_pieces(before, charset) if charset else before))
    text.write(name)
    rest = data.pieces(high)
    for block in _cut(escape_pieces(rest, charset) if charset else rest):
        block, count = _OPEN_ESCAPE.subn(rb"\1\\", block)
        mended += count
        text.write(block)
    return text, mended


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks that end with a semicolon, so that no escape lies in two of them."""
    kept = b""
    for piece in pieces:
        kept += piece
        end = kept.rfind(b";") + 1
        if not end and len(kept) > LONGEST:
            end = len(kept)
        if end:
            yield kept[:end]
            kept = kept[end:]
    yield kept


def _tell_schema(declared: str, read_as: str) -> Problem:
    return Problem(
        "FILE_SCHEMA",
        Text(
            zh=f"模式 {declared} 按最接近的 {read_as} 读取。",
            en=f"The schema {declared} is read as its nearest relative, {read_as}.",
        ),
        Text(zh=f"最好导出为 {read_as}。", en=f"Better export the model as {read_as}."),
    )


def _tell_charset(charset: str) -> Problem:
    shown = {"utf-8": "UTF-8", "gb18030": "GB 18030", "latin-1": "ISO 8859-1"}[charset]
    return Problem(
        "DATA",
        Text(
            zh=f"文字未按 STEP 规定转义,直接写作 {shown} 编码;已按 {shown} 读取,请核对名称。",
            en=f"Texts are not escaped as STEP asks but written in {shown}; they were read so. Check the names.",
        ),
        Text(zh="请更新导出插件。", en="Update the exporter."),
    )


def _tell_escapes(mended: int) -> Problem:
    return Problem(
        "DATA",
        Text(
            zh=f"{mended} 处中文转义没有结束符(\\X0 后缺少反斜杠),已补上。",
            en=f"{mended} escapes lacked their end (no backslash after \\X0); it was added.",
        ),
        Text(zh="请更新导出插件。", en="Update the exporter."),
    )
