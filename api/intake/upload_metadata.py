# SPDX-License-Identifier: Apache-2.0
"""What an upload says of itself: the tus header `Upload-Metadata`, and what each of its names may hold."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final

from api.intake.kinds import MODEL, list_kinds, list_mappings
from twin.crs import parse_crs
from twin.errors import InvalidRequestError
from twin.text import Text

_MAX_NAME: Final = 200

_NAMED: Final = {
    "source": (re.compile(r"[\w.-]{1,100}"), Text("字母、数字、_ . -", "letters, digits, _ . -")),
    "layer": (re.compile(r"[^\x00-\x1f\x7f]{1,200}"), Text("文件中图层或工作表的名称", "the name of a layer or sheet")),
    "layer_name": (re.compile(r"[^\x00-\x1f\x7f]{1,100}"), Text("业务图层的名称", "the name of the business layer")),
    "scheme": (re.compile(r"[a-z][a-z0-9_]{0,62}"), Text("块体系的标识", "the id of a block scheme")),
    "update": (re.compile(r"whole|part"), Text("whole(完整的名单)或 part", "whole (the whole list) or part")),
}
"""The options that are names: how each may be written, and in words."""


def parse_metadata(header: str) -> dict[str, str]:
    """`Upload-Metadata`: names and base64 values. Raises InvalidRequestError."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise InvalidRequestError(
                Text(
                    f"Upload-Metadata 中的 {name} 不是 Base64 编码的 UTF-8。",
                    f"{name} in Upload-Metadata is no base64 of UTF-8.",
                ),
                "Upload-Metadata",
            ) from error
    return found


def check_metadata(metadata: dict[str, str]) -> tuple[str, str, dict[str, Any]]:
    """Kind, file name and options of an upload. Raises InvalidRequestError, or RefusedError for a CRS."""
    kind = metadata.get("kind", MODEL)
    if kind not in list_kinds():
        raise InvalidRequestError(
            Text(
                f"不能上传“{kind}”。可选:{', '.join(list_kinds())}。",
                f"'{kind}' cannot be uploaded. Choose one of {', '.join(list_kinds())}.",
            ),
            "kind",
        )
    # Only a name: where the bytes go is decided here.
    filename = re.sub(r"[\x00-\x1f\x7f]", "", re.split(r"[/\\]", metadata.get("filename", ""))[-1]).strip()
    if not filename or len(filename) > _MAX_NAME or filename.startswith("."):
        raise InvalidRequestError(
            Text("需要文件名(元数据 filename)。", "A file name is needed (metadata filename)."), "filename"
        )
    options: dict[str, Any] = {}
    if metadata.get("at"):
        options["at"] = check_place(metadata["at"])
    if metadata.get("crs"):
        options["crs"] = parse_crs(metadata["crs"]).name
    for name, (pattern, words) in _NAMED.items():
        if metadata.get(name):
            if not pattern.fullmatch(metadata[name]):
                raise InvalidRequestError(Text(f"{name} 应为{words.zh}。", f"{name} is {words.en}."), name)
            options[name] = metadata[name]
    if metadata.get("mapping"):
        # A name of ours and never a path: the worker would open it.
        if metadata["mapping"] not in list_mappings():
            listed = ", ".join(list_mappings())
            raise InvalidRequestError(
                Text(f"没有这个映射。可选:{listed}。", f"There is no such mapping. Choose one of {listed}."), "mapping"
            )
        options["mapping"] = metadata["mapping"]
    for name in ("check", "crs_force"):
        if metadata.get(name, "false") not in ("true", "false"):
            raise InvalidRequestError(Text(f"{name} 应为 true 或 false。", f"{name} is true or false."), name)
        if metadata.get(name) == "true":
            options[name] = True
    return kind, filename, options


def check_place(text: str) -> str:
    """`lon,lat[,height[,heading]]` in degrees and metres, tidied. Raises InvalidRequestError."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    limits = (180.0, 90.0, 10_000.0, 360.0)
    if not 2 <= len(values) <= 4 or not all(
        -limit <= value <= limit for value, limit in zip(values, limits, strict=False)
    ):
        raise InvalidRequestError(
            Text("位置应为 经度,纬度[,高程[,朝向]]。", "The place is lon,lat[,height[,heading]]."), "at"
        )
    return ",".join(repr(value) for value in values)
