# SPDX-License-Identifier: Apache-2.0
"""A STEP text is ASCII. What comes in another coding is rewritten into ASCII's own escapes, character by
character: a parser drops bytes that it does not know, and the Chinese names with them.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Final

from ingest.bim.spool import Spool

UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
UTF8_MARK: Final = b"\xef\xbb\xbf"

_PAIRS: Final = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
_ASCII: Final = bytes(range(128))
_FOREIGN: Final = re.compile(r"[^\x00-\x7f]+")
PAIRED: Final = 0.8
"""Chinese in GB 18030 is nearly all pairs of high bytes; western letters stand alone among ASCII."""


def find_charset(text: Spool, start: int = 0) -> str | None:
    """The coding of a text that is more than ASCII (`utf-8`, `gb18030`, `latin-1`), None for plain ASCII.

    start: where it begins, after a mark of its coding.
    """
    high = paired = 0
    for piece in text.pieces(start):
        if not piece.isascii():
            high += len(piece.translate(None, _ASCII))
            paired += 2 * len(_PAIRS.findall(piece))
    if not high:
        return None
    if _can_be("utf-8", text):
        return "utf-8"
    if paired >= PAIRED * high and _can_be("gb18030", text):
        return "gb18030"
    return "latin-1"


def escape_pieces(pieces: Iterable[bytes], charset: str) -> Iterator[bytes]:
    """The same text in ASCII, with `\\X2\\…\\X0\\` for what is not. `charset` must fit the bytes."""
    decoder = codecs.getincrementaldecoder(charset)(errors="replace")
    for piece in pieces:
        yield _escape(decoder.decode(piece))
    yield _escape(decoder.decode(b"", final=True))


def _can_be(charset: str, text: Spool) -> bool:
    decoder = codecs.getincrementaldecoder(charset)()
    try:
        for piece in text.pieces():
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _escape(text: str) -> bytes:
    return _FOREIGN.sub(_write_escape, text).encode("ascii")


def _write_escape(found: re.Match[str]) -> str:
    run = found[0]
    if all(ord(letter) < 0x10000 for letter in run):
        return "\\X2\\" + "".join(f"{ord(letter):04X}" for letter in run) + "\\X0\\"
    return "\\X4\\" + "".join(f"{ord(letter):08X}" for letter in run) + "\\X0\\"
