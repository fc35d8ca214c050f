# SPDX-License-Identifier: Apache-2.0
"""Photos: the picture stays to the byte, and nothing else of the file does."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.test_proposals import png
from twin.errors import RefusedError
from twin.photo import MAX_BYTES, clean_photo

SCAN = b"\x12\x34\xff\x00\x56\xff\xd0\x78"


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def exif(orientation: int) -> bytes:
    """With a make, an orientation and a pointer to where a GPS block would be."""
    entries = struct.pack("<HHII", 0x010F, 2, 4, 0x004B4E49)
    entries += struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    entries += struct.pack("<HHII", 0x8825, 4, 1, 60)
    return b"Exif\0\0" + b"II*\0\x08\0\0\0" + struct.pack("<H", 3) + entries + b"\0\0\0\0" + b"GPS: 22.5 N 113.9 E"


def jpeg(orientation: int = 6) -> bytes:
    return (
        b"\xff\xd8" + segment(0xE0, b"JFIF\0" + bytes(9)) + segment(0xE1, exif(orientation))
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<owner>me</owner>") + segment(0xFE, b"comment of the owner")
        + segment(0xED, b"Photoshop 3.0\0owner") + segment(0xDB, bytes(65)) + segment(0xC0, bytes(9))
        + segment(0xDA, bytes(6)) + SCAN + segment(0xFE, b"owner again") + segment(0xC4, bytes(3))
        + segment(0xDA, bytes(6)) + SCAN + b"\xff\xd9" + b"a second picture of the owner"
    )  # fmt: skip


def test_a_jpeg_keeps_picture_and_orientation_and_nothing_of_place_and_owner() -> None:
    clean = clean_photo(jpeg())
    assert clean.media_type == "image/jpeg"
    for secret in (b"GPS", b"owner", b"INK", b"Photoshop", b"xap"):
        assert secret not in clean.content
    assert clean.content.count(SCAN) == 2
    assert clean.content.endswith(SCAN + b"\xff\xd9")
    assert b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06" in clean.content
    assert clean_photo(clean.content).content == clean.content
    assert b"Exif" not in clean_photo(jpeg(orientation=1)).content


def test_a_webp_loses_exif_and_xmp_and_says_so() -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)

    body = (
        chunk(b"VP8X", b"\x0c" + bytes(9)) + chunk(b"VP8 ", b"picture") + chunk(b"EXIF", b"GPS") + chunk(b"XMP ", b"me")
    )
    clean = clean_photo(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body).content
    assert b"GPS" not in clean
    assert b"XMP" not in clean
    assert clean[20] == 0
    assert struct.unpack_from("<I", clean, 4)[0] == len(clean) - 8


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"<svg onload=x>", b"\xff\xd8\xff", jpeg()[:200], png()[:40], b"RIFF"]
)
def test_what_is_no_whole_picture_is_refused(content: bytes) -> None:
    with pytest.raises(RefusedError):
        clean_photo(content)


def test_too_large_a_photo_is_refused() -> None:
    with pytest.raises(RefusedError):
        clean_photo(b"\xff\xd8\xff" + bytes(MAX_BYTES))


@given(st.binary(max_size=400), st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBP"]))
def test_garbage_is_refused_and_never_breaks_anything(data: bytes, start: bytes) -> None:
    try:
        clean_photo(start + data)
    except RefusedError:
        pass
