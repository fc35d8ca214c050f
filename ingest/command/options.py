# SPDX-License-Identifier: Apache-2.0
"""The options that `twin ingest` and `twin check` share, each with its help in the reader's language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ingest.source import list_kinds
from twin.text import Text

Kind = Annotated[str, typer.Argument(help=str(Text("种类:", "Kind: ")) + ", ".join(list_kinds()))]
Crs = Annotated[
    str | None,
    typer.Option(
        help=str(
            Text(
                "坐标系:EPSG 代码、WKT、PROJ 字符串、GCJ-02 或 BD-09。文件未写明时必须给出。",
                "The CRS: EPSG code, WKT, PROJ string, GCJ-02 or BD-09. Needed where the file states none.",
            )
        )
    ),
]
CrsForce = Annotated[
    bool,
    typer.Option(
        "--crs-force",
        help=str(Text("即使与文件自述矛盾也采用 --crs。", "Use --crs even where the file says otherwise.")),
    ),
]
MappingOption = Annotated[
    str | None,
    typer.Option(help=str(Text("列映射:自带名称或 .toml 路径。", "Column mapping: a shipped name or a .toml path."))),
]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source",
        help=str(Text("来源标识;同一来源内按编号更新。", "Source id; rows update by id within one source.")),
    ),
]
LayerOption = Annotated[
    str | None,
    typer.Option("--layer", help=str(Text("文件有多个图层时取哪一个。", "Which layer of a file with several."))),
]
Paths = Annotated[
    list[Path],
    typer.Argument(help=str(Text("文件;块可一次给出几个,各为一级。", "The file; of blocks several, one a level."))),
]
LayerName = Annotated[
    str | None,
    typer.Option(
        "--layer-name",
        help=str(
            Text(
                "业务图层的名称;只用于 business 与 points。",
                "The name of the business layer; for business and points only.",
            )
        ),
    ),
]
UpdateOption = Annotated[
    str,
    typer.Option(
        "--update",
        help=str(
            Text(
                "whole:文件是完整的名单,同一来源里它没有的行随之终止;part:只增加和修改。",
                "whole: the file is the whole list, and rows of its source that it does not have end; "
                "part: it adds and updates.",
            )
        ),
    ),
]
SchemeOption = Annotated[
    str | None,
    typer.Option(
        "--scheme",
        help=str(
            Text(
                "块体系:声明文件(.toml、.json)或其标识。只用于 blocks。",
                "The block scheme: a declaration (.toml, .json) or the id of one. For blocks only.",
            )
        ),
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help=str(
            Text("只取该编码的块及其下级,可多次给出。", "Only the block of this code and those below; repeatable.")
        ),
    ),
]
DeriveParents = Annotated[
    bool,
    typer.Option(
        "--derive-parents",
        help=str(Text("没有边界的上级块由下级合成。", "Make coarser blocks without a boundary of those below.")),
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        help=str(Text("模型位置:经度,纬度[,高程[,朝向]]。", "Where a model stands: lon,lat[,height[,heading]]."))
    ),
]
Reference = Annotated[
    str | None,
    typer.Option(
        "--reference",
        help=str(
            Text(
                "参照:坐标系已知的文件(未写明时用 文件@坐标系)或图层(blocks、roads …);据此实测数据的坐标系。",
                "A reference: a file of known CRS (FILE@CRS where it states none) or a layer (blocks, roads …); "
                "the data's CRS is measured against it.",
            )
        ),
    ),
]
RejectsOption = Annotated[
    Path | None,
    typer.Option(
        "--rejects",
        help=str(
            Text(
                "把被拒的行按原样写到这个文件(.xlsx 或 .csv):修正后可原样送回。",
                "Write the rejected rows as they stood to this file (.xlsx or .csv), to be mended and sent back.",
            )
        ),
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help=str(Text("在标准输出打印 JSON 报告。", "Print the JSON report on standard output."))),
]
