# SPDX-License-Identifier: Apache-2.0
"""The one model in a .ifczip, unpacked within limits."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Final

from ingest.bim.spool import PIECE, Spool
from twin.errors import RefusedError
from twin.text import Text

MAX_RATIO: Final = 200
"""A STEP text packs about 5 to 10 times; what packs far better is made to fill a disk."""

MAX_DIRECTORY: Final = 1 << 20
"""Bytes of an archive's list of contents: some ten thousand names. Each takes ten times that in memory."""

_END: Final = b"PK\x05\x06"
_END64: Final = b"PK\x06\x06"
_NOT_MODELS: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db")


def open_archived(packed: Spool, max_bytes: int) -> Spool:
    """The text of the only model in it. Raises RefusedError when there is none, more than one, or a trap."""
    _refuse_long_directory(packed)
    try:
        with open(packed.path, "rb") as file, zipfile.ZipFile(file) as archive:
            info = _choose_model(archive)
            if info.flag_bits & 1:
                raise _refuse(
                    "压缩包有密码;请去掉密码再上传。", "The archive is encrypted; pack it again without a password."
                )
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # The others are unpacked whole, however much comes out of a piece.
                raise _refuse(
                    "压缩包的压缩方式不能读取;请用普通 zip(deflate)。",
                    "The archive is packed in a way that cannot be read; use plain zip (deflate).",
                )
            return _unpack(archive, info, max_bytes)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _refuse("压缩包已损坏。", "The archive is damaged.") from error


def refuse_bomb() -> RefusedError:
    """What unpacks to far more than a model could."""
    return _refuse(
        "压缩包展开后大得不合理,已停止。", "The archive unpacks to an unreasonable size; reading was stopped."
    )


def _refuse_long_directory(packed: Spool) -> None:
    """Before the list of contents is read, which takes memory by its length and nothing else."""
    tail = packed.read(max(0, len(packed) - 66_000))
    at = tail.rfind(_END)
    at64 = tail.rfind(_END64)
    sizes = [struct.unpack_from("<I", tail, at + 12)[0]] if 0 <= at <= len(tail) - 22 else []
    if 0 <= at64 <= len(tail) - 56:
        sizes = [struct.unpack_from("<Q", tail, at64 + 40)[0]]
    if any(size > MAX_DIRECTORY for size in sizes):
        raise _refuse(
            "压缩包里的文件多得不合理。", "The archive lists an unreasonable number of files: it is no packed model."
        )


def _choose_model(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    files = [
        info
        for info in archive.infolist()
        if not info.is_dir()
        and not info.filename.startswith(_NOT_MODELS)
        and not PurePosixPath(info.filename).name.startswith(("._", *_NOT_MODELS))
    ]
    models = [info for info in files if info.filename.lower().endswith(".ifc")]
    if len(models) == 1:
        return models[0]
    if models:
        raise _refuse(
            f"压缩包里有 {len(models)} 个 .ifc,应恰好一个;请分别上传。",
            f"The archive holds {len(models)} .ifc files; it must hold exactly one: upload them one by one.",
        )
    if any(info.filename.lower().endswith((".ifcxml", ".xml")) for info in files):
        raise _refuse("压缩包里是 ifcXML,请导出为 .ifc。", "The archive holds ifcXML; export the model as .ifc.")
    if len(files) == 1:
        # One file under another name: what it is, its first bytes say.
        return files[0]
    raise _refuse(
        f"压缩包里有 {len(files)} 个文件,没有一个 .ifc。",
        f"The archive holds {len(files)} files and no .ifc; it must hold exactly one.",
    )


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, max_bytes: int) -> Spool:
    limit = min(max_bytes, max(info.compress_size * MAX_RATIO, PIECE))
    text = Spool()
    # The declared size is the archive's own claim; what counts is what comes out.
    with archive.open(info) as stream:
        while piece := stream.read(PIECE):
            text.write(piece)
            if len(text) > limit:
                raise refuse_bomb()
    return text


def _refuse(zh: str, en: str) -> RefusedError:
    return RefusedError(Text(zh=zh, en=en))
