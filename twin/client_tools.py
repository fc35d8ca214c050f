# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL's own client programs, of the server's version: an older pg_dump refuses, a newer one's output may not
be read back.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from twin.cluster import find_cluster
from twin.database import database_url
from twin.errors import SetupError
from twin.settings import Settings
from twin.text import Text


def find_tool(settings: Settings, name: str, server: str) -> Path:
    """A client program of the same major version as the server (`server`: its version, as it says it).

    Raises SetupError where there is none.
    """
    major = server.partition(".")[0]
    places = [] if settings.database_url else [find_cluster(settings).bin_dir / name]
    places.append(Path(f"/usr/lib/postgresql/{major}/bin/{name}"))
    on_path = shutil.which(name)
    if on_path:
        places.append(Path(on_path))
    for place in places:
        if place.exists() and _major(place) == major:
            return place
    raise SetupError(
        Text(
            f"没有找到 PostgreSQL {major} 的 {name}。请安装 postgresql-client-{major}。",
            f"There is no {name} of PostgreSQL {major}. Install postgresql-client-{major}.",
        )
    )


def run_tool(settings: Settings, tool: Path, *arguments: str) -> None:
    """Run a client program on the twin's database, its password in the environment, where nobody else sees it.

    Raises SetupError with what it said where it fails.
    """
    given = conninfo_to_dict(database_url(settings))
    password = given.pop("password", None)
    target = make_conninfo("", **given)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    done = subprocess.run(
        [str(tool), f"--dbname={target}", "--no-password", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False, env=environment,
    )  # fmt: skip
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        said = "\n".join([line for line in lines if "error:" in line.lower()][:5] or lines[-5:])
        raise SetupError(Text(f"{tool.name} 失败:\n{said}", f"{tool.name} failed:\n{said}"))


def _major(tool: Path) -> str | None:
    said = subprocess.run([str(tool), "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)(\.\d+|devel|beta|rc)", said)
    return found[1] if found else None
