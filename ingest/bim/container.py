# SPDX-License-Identifier: Apache-2.0
"""From what a person hands over to the text of an IFC file, or a refusal that names what it is instead."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingest.bim.archive import MAX_RATIO, open_archived, refuse_bomb
from ingest.bim.charset import UTF8_MARK, UTF16_MARKS, escape_pieces
from ingest.bim.spool import PIECE, Spool
from twin.errors import RefusedError
from twin.text import Text

SNIFFED: Final = 4096

FOREIGN_SUFFIXES: Final = {
    ".rvt": "Revit",
    ".rfa": "Revit",
    ".dwg": "AutoCAD",
    ".dxf": "AutoCAD",
    ".dgn": "MicroStation",
    ".skp": "SketchUp",
    ".pln": "ArchiCAD",
    ".nwd": "Navisworks",
    ".nwc": "Navisworks",
    ".3dm": "Rhino",
    ".max": "3ds Max",
    ".fbx": "FBX",
    ".obj": "OBJ",
}

_ARCHIVES: Final = {b"7z\xbc\xaf": "7z", b"Rar!": "RAR", b"BZh": "bzip2", b"\xfd7zX": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
_STEP: Final = b"ISO-10303-21;"


@dataclass(frozen=True)
class Container:
    """The IFC text, and of the file as it was handed over its SHA-256 and size."""

    data: Spool
    sha256: str
    size: int


def read_container(path: Path, *, max_bytes: int) -> Container:
    """Reads `path` (.ifc, .ifczip, .ifc.gz). Raises RefusedError for anything that is no IFC, by its kind."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _refuse(f"文件打不开:{error.strerror}。", f"It cannot be opened: {error.strerror}.") from error
    if not path.is_file():
        raise _refuse("这不是一个文件。", "This is not a file.")
    if size == 0:
        raise _refuse("文件是空的,请重新导出或上传。", "The file is empty; export or upload it again.")
    if size > max_bytes:
        raise _refuse(
            f"文件有 {size >> 20} MB,超过上限 {max_bytes >> 20} MB。",
            f"The file has {size >> 20} MB, more than the limit of {max_bytes >> 20} MB.",
        )
    text, sha256 = _copy(path)
    start = text.read(0, 4)
    if start == b"PK\x03\x04" or start == b"PK\x05\x06":
        text = open_archived(text, max_bytes)
    elif start[:2] == b"\x1f\x8b":
        text = _inflate(text, max_bytes)
    text = _strip_utf16(text)
    _refuse_what_is_no_ifc(text.read(0, SNIFFED), path.suffix.lower())
    return Container(text, sha256, size)


def _copy(path: Path) -> tuple[Spool, str]:
    text, digest = Spool(), hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            text.write(piece)
    return text, digest.hexdigest()


def _inflate(packed: Spool, max_bytes: int) -> Spool:
    limit = min(max_bytes, max(len(packed) * MAX_RATIO, PIECE))
    text, inflater = Spool(), zlib.decompressobj(wbits=31)
    try:
        for piece in packed.pieces():
            while piece:
                text.write(inflater.decompress(piece, PIECE))
                if len(text) > limit:
                    raise refuse_bomb()
                piece = inflater.unconsumed_tail
    except zlib.error as error:
        raise _refuse("压缩包已损坏。", "The archive is damaged.") from error
    if not inflater.eof:
        raise _refuse("压缩包不完整,请重新上传。", "The archive is cut off; upload it again.")
    return text


def _strip_utf16(text: Spool) -> Spool:
    """A text that an editor saved as UTF-16, in ASCII; anything else as it is."""
    start = text.read(0, 64)
    if start[:2] in UTF16_MARKS:
        charset = "utf-16"
    elif start[:4] == b"I\0S\0":
        charset = "utf-16-le"
    else:
        return text
    if not start.decode(charset, "replace").startswith("ISO-10303-21"):
        return text
    plain = Spool()
    for piece in escape_pieces(text.pieces(), charset):
        plain.write(piece)
    return plain


def _refuse_what_is_no_ifc(start: bytes, suffix: str) -> None:
    head = start.removeprefix(UTF8_MARK).lstrip(b" \t\r\n\0")
    # A comment may stand before the first keyword.
    while head.startswith(b"/*") and b"*/" in head:
        head = head.split(b"*/", 1)[1].lstrip()
    lowered = head[:512].lower()
    if head[: len(_STEP)].upper() == _STEP:
        return
    if not head:
        raise _refuse(
            "文件里只有空白或零字节,请重新导出或上传。",
            "The file holds nothing but blanks or zero bytes; export or upload it again.",
        )
    if lowered.startswith(b"version https://git-lfs"):
        raise _refuse(
            "这是 Git-LFS 的指针文件,不是模型本身;请先执行 git lfs pull 再上传。",
            "This is a Git-LFS pointer, not the model itself; run git lfs pull and upload what it fetches.",
        )
    if lowered.startswith((b"<!doctype html", b"<html")):
        raise _refuse(
            "这是一张网页,不是模型;下载时可能得到了登录页。",
            "This is a web page, not a model; the download probably got a sign-in page.",
        )
    if lowered.startswith((b"<?xml", b"<ifc")):
        if b"ifc" in lowered or suffix == ".ifcxml":
            raise _refuse(
                "ifcXML 尚不能读取,请导出为 .ifc(STEP)。",
                "ifcXML cannot be read; export the model as .ifc (STEP).",
            )
        raise _refuse(
            "这是 XML,不是 IFC;请导出为 .ifc(STEP)。",
            "This is XML, not IFC; export the model as .ifc (STEP).",
        )
    _refuse_foreign(head, lowered, suffix)
    raise _refuse(
        "文件不以 ISO-10303-21 开头,不是 IFC。",
        "The file does not begin with ISO-10303-21: it is not an IFC file.",
    )


def _refuse_foreign(head: bytes, lowered: bytes, suffix: str) -> None:
    foreign = FOREIGN_SUFFIXES.get(suffix)
    if head.startswith(b"AC10"):
        foreign = "AutoCAD"
    if foreign:
        raise _refuse(
            f"这是 {foreign} 的文件;请在该软件中导出为 IFC4 再上传。",
            f"This is a file of {foreign}; export it as IFC4 there and upload that.",
        )
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refuse(
            "这是软件自有的二进制格式(如 Revit),请导出为 IFC4。",
            "This is a program's own binary format (such as Revit's); export it as IFC4.",
        )
    packer = next((name for mark, name in _ARCHIVES.items() if head.startswith(mark)), None)
    if packer:
        raise _refuse(
            f"这是 {packer} 压缩包;请解压后上传,或改用 .ifczip。",
            f"This is a {packer} archive; upload what is in it, or pack it as .ifczip.",
        )
    if head.startswith(b"PK\x03\x04"):
        raise _refuse(
            "压缩包里还是压缩包;请解压后上传。", "The archive holds another archive; unpack it and upload the model."
        )
    if lowered.startswith((b"{", b"[")):
        if b"ifcx" in lowered or b"ifc5" in lowered or b"bsi::ifc" in lowered or suffix == ".ifcx":
            raise _refuse(
                "IFC5(.ifcx)仍是草案,尚不能读取;请导出为 IFC4 或 IFC4X3 的 .ifc。",
                "IFC5 (.ifcx) is a draft and cannot be read; export the model as .ifc in IFC4 or IFC4X3.",
            )
        raise _refuse(
            "这是 JSON,不是 IFC;CityJSON 请用 citymodel 导入。",
            "This is JSON, not IFC; CityJSON is ingested as citymodel.",
        )


def _refuse(zh: str, en: str) -> RefusedError:
    return RefusedError(Text(zh=zh, en=en))
