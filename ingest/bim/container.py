# SPDX-License-Identifier: Apache-2.0
"""From what a person hands over to the bytes of an IFC file, or a refusal that names what it is instead."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from twin.errors import RefusedError
from twin.text import Text

SNIFFED: Final = 4096
MAX_RATIO: Final = 200
"""A STEP text packs about 5 to 10 times; what packs far better is made to fill a disk."""

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


@dataclass(frozen=True)
class Container:
    """The bytes of the IFC text, and of the file as it was handed over their SHA-256 and size."""

    data: bytes
    sha256: str
    size: int


def read_container(path: Path, *, max_bytes: int) -> Container:
    """Reads `path` (.ifc, .ifczip). Raises RefusedError for anything that is no IFC, by its kind."""
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
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    if data[:4] == b"PK\x03\x04":
        data = _unzip(path, max_bytes)
    _refuse_what_is_no_ifc(data[:SNIFFED], path.suffix.lower())
    return Container(data, sha256, size)


def _refuse_what_is_no_ifc(start: bytes, suffix: str) -> None:
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n\0")
    # A comment may stand before the first keyword.
    while head.startswith(b"/*") and b"*/" in head:
        head = head.split(b"*/", 1)[1].lstrip()
    lowered = head[:512].lower()
    if head[:13].upper() == b"ISO-10303-21;":
        return
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
        raise _refuse(
            "ifcXML 尚不能读取,请导出为 .ifc(STEP)。",
            "ifcXML cannot be read; export the model as .ifc (STEP).",
        )
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
    if head.startswith(b"{"):
        raise _refuse(
            "这是 JSON,不是 IFC;CityJSON 请用 citymodel 导入。",
            "This is JSON, not IFC; CityJSON is ingested as citymodel.",
        )
    raise _refuse(
        "文件不以 ISO-10303-21 开头,不是 IFC。",
        "The file does not begin with ISO-10303-21: it is not an IFC file.",
    )


def _unzip(path: Path, max_bytes: int) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            models = [info for info in archive.infolist() if info.filename.lower().endswith(".ifc")]
            if len(models) != 1:
                kinds = any(info.filename.lower().endswith(".ifcxml") for info in archive.infolist())
                raise _refuse(
                    "压缩包里是 ifcXML,请导出为 .ifc。" if kinds else f"压缩包里有 {len(models)} 个 .ifc,应恰好一个。",
                    "The archive holds ifcXML; export the model as .ifc."
                    if kinds
                    else f"The archive holds {len(models)} .ifc files; it must hold exactly one.",
                )
            info = models[0]
            if info.flag_bits & 1:
                raise _refuse("压缩包有密码。", "The archive is encrypted.")
            limit = min(max_bytes, max(info.compress_size * MAX_RATIO, 1 << 20))
            pieces: list[bytes] = []
            unpacked = 0
            # The declared size is the archive's own claim; what counts is what comes out.
            with archive.open(info) as stream:
                while piece := stream.read(1 << 20):
                    unpacked += len(piece)
                    if unpacked > limit:
                        raise _refuse(
                            "压缩包展开后大得不合理,已停止。",
                            "The archive unpacks to an unreasonable size; reading was stopped.",
                        )
                    pieces.append(piece)
            return b"".join(pieces)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise _refuse("压缩包已损坏。", "The archive is damaged.") from error


def _refuse(zh: str, en: str) -> RefusedError:
    return RefusedError(Text(zh=zh, en=en))
