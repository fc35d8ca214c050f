# SPDX-License-Identifier: Apache-2.0
"""Photos as they may be kept: known by their first bytes, and rid of everything about camera, place and owner.

Nothing is decoded or pressed again: the container is taken apart, and only the parts that draw the picture (and its
colours, transparency and, for JPEG, orientation) are put together anew. What follows the picture's end is dropped.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, Literal

from twin.errors import Problem, RefusedError
from twin.text import Text

MediaType = Literal["image/jpeg", "image/png", "image/webp"]

MAX_BYTES: Final = 12_000_000

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = frozenset({
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"cICP",
})  # fmt: skip
_WEBP_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_ORIENTATION: Final = 0x0112


@dataclass(frozen=True)
class CleanPhoto:
    """The bytes that may be kept, and what they are."""

    media_type: MediaType
    content: bytes


def clean_photo(content: bytes) -> CleanPhoto:
    """The photo without its metadata. Raises RefusedError for what is no whole JPEG, PNG or WebP, or too large."""
    if len(content) > MAX_BYTES:
        raise _refuse(
            Text(f"超过 {MAX_BYTES // 1_000_000} MB", f"it is larger than {MAX_BYTES // 1_000_000} MB"),
            Text("请缩小后再上传", "make it smaller"),
        )
    try:
        if content.startswith(b"\xff\xd8\xff"):
            return CleanPhoto("image/jpeg", _clean_jpeg(content))
        if content.startswith(_PNG):
            return CleanPhoto("image/png", _clean_png(content))
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return CleanPhoto("image/webp", _clean_webp(content))
    except (struct.error, IndexError, ValueError) as error:
        raise _refuse(Text("文件不完整或已损坏", "it is broken or not whole"), _AGAIN) from error
    raise _refuse(Text("不是 JPEG、PNG 或 WebP 图片", "it is no JPEG, PNG or WebP picture"), _AGAIN)


_AGAIN: Final = Text("请上传手机拍摄的原图(JPEG、PNG 或 WebP)", "send the picture as JPEG, PNG or WebP")


def _refuse(what: Text, fix: Text) -> RefusedError:
    return RefusedError(Text("照片不能接收。", "The photo cannot be taken in."), [Problem("photo", what, fix)])


def _clean_jpeg(content: bytes) -> bytes:
    kept = bytearray(b"\xff\xd8")
    orientation: bytes | None = None
    at = 2
    while True:
        if content[at] != 0xFF:
            raise ValueError("no marker")
        while content[at] == 0xFF:
            at += 1
        marker = content[at]
        at += 1
        if marker == 0xD9:
            raise ValueError("it ends before its picture")
        if 0xD0 <= marker <= 0xD7 or marker == 0x01:
            kept += bytes((0xFF, marker))
            continue
        (length,) = struct.unpack_from(">H", content, at)
        segment = content[at : at + length]
        if length < 2 or len(segment) < length:
            raise ValueError("a segment is cut off")
        at += length
        if marker == 0xE1 and segment[2:8] == b"Exif\0\0":
            orientation = orientation or _read_orientation(segment[8:])
        # Of the applications' own segments only those that say how colours are meant: JFIF, ICC, Adobe.
        is_dropped = marker == 0xFE or (0xE0 <= marker <= 0xEF and not _is_colour(marker, segment[2:]))
        if not is_dropped:
            kept += bytes((0xFF, marker)) + segment
        if marker == 0xDA:
            end = _find_jpeg_end(content, at)
            picture = bytes(kept[:2]) + (orientation or b"") + bytes(kept[2:])
            return picture + _strip_between_scans(content[at:end]) + b"\xff\xd9"


def _is_colour(marker: int, data: bytes) -> bool:
    return (
        (marker == 0xE0 and data.startswith(b"JFIF\0"))
        or (marker == 0xE2 and data.startswith(b"ICC_PROFILE\0"))
        or (marker == 0xEE and data.startswith(b"Adobe"))
    )


def _find_jpeg_end(content: bytes, start: int) -> int:
    """Where the end marker stands; a second picture behind it (thumbnails, depth maps) is not part of this one."""
    at = start
    while True:
        at = content.index(b"\xff", at)
        marker = content[at + 1]
        if marker == 0xD9:
            return at
        if marker == 0x00 or marker == 0xFF or 0xD0 <= marker <= 0xD7:
            at += 1 if marker == 0xFF else 2
        else:
            (length,) = struct.unpack_from(">H", content, at + 2)
            at += 2 + length


def _strip_between_scans(data: bytes) -> bytes:
    """Scan data with the tables between scans, without comments and applications' segments."""
    kept = bytearray()
    at = 0
    while True:
        found = data.find(b"\xff", at)
        if found < 0 or found + 1 >= len(data):
            return bytes(kept + data[at:])
        marker = data[found + 1]
        if marker == 0x00 or 0xD0 <= marker <= 0xD7:
            kept += data[at : found + 2]
            at = found + 2
        elif marker == 0xFF:
            kept += data[at : found + 1]
            at = found + 1
        else:
            (length,) = struct.unpack_from(">H", data, found + 2)
            kept += data[at:found]
            if marker != 0xFE and not 0xE0 <= marker <= 0xEF:
                kept += data[found : found + 2 + length]
            at = found + 2 + length


def _read_orientation(tiff: bytes) -> bytes | None:
    """An Exif segment that says nothing but which way is up; None where that is as usual or not said."""
    try:
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
        for entry in range(min(count, 200)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + entry * 12)
            if tag == _ORIENTATION and kind == 3 and 2 <= value <= 8:
                own = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, _ORIENTATION, 3, 1, value, 0, 0)
                return b"\xff\xe1" + struct.pack(">H", 2 + 6 + len(own)) + b"Exif\0\0" + own
    except (struct.error, KeyError):
        pass
    return None


def _clean_png(content: bytes) -> bytes:
    kept = bytearray(_PNG)
    at = len(_PNG)
    while True:
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise ValueError("a chunk is cut off")
        if name in _PNG_KEPT:
            kept += content[at:end]
        at = end
        if name == b"IEND":
            return bytes(kept)


def _clean_webp(content: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", content, 4)
    end = 8 + size
    if end > len(content) or size < 12:
        raise ValueError("the picture is cut off")
    kept = bytearray()
    at = 12
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", content, at)
        stop = at + 8 + length + length % 2
        if at + 8 + length > end:
            raise ValueError("a chunk is cut off")
        chunk = bytearray(content[at:stop])
        if name == b"VP8X":
            chunk[8] &= ~0x0C  # no longer with EXIF or XMP
        if name in _WEBP_KEPT:
            kept += chunk
        at = stop
    if not kept:
        raise ValueError("there is no picture in it")
    return b"RIFF" + struct.pack("<I", 4 + len(kept)) + b"WEBP" + bytes(kept)
