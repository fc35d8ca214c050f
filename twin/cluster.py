# SPDX-License-Identifier: Apache-2.0
"""The embedded PostgreSQL cluster: private to this checkout, on a Unix socket only.

PostgreSQL refuses to run as root. Started as root, the cluster belongs to the system user `twin`
and lives in `/var/lib/twin/<checkout>`, since a directory below root's home is closed to that user.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from twin.errors import SetupError
from twin.settings import Settings
from twin.text import Text

OWNER: Final = "twin"
"""The database superuser, and as root the system user, of the embedded cluster."""

_PORT: Final = 54329  # names the socket file only; nothing listens on TCP

_SERVER_OPTIONS: Final = {
    "shared_buffers": "512MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "wal_compression": "lz4",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_connections": "100",
    "listen_addresses": "",
    "port": str(_PORT),
}


@dataclass(frozen=True)
class Cluster:
    """Where the cluster is and who runs it; `url` connects to one of its databases."""

    bin_dir: Path
    directory: Path
    socket_dir: Path
    system_user: str | None

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.directory / "pg"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.directory / "pg.log"

    def url(self, database: str) -> str:
        """A libpq URL for `database`, over the private socket."""
        return f"postgresql://{OWNER}@/{database}?host={self.socket_dir}&port={_PORT}"


def find_cluster(settings: Settings) -> Cluster:
    """The cluster of this checkout, whether it exists yet or not."""
    home = settings.data_dir.resolve()
    mark = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    if os.geteuid() == 0:
        directory = Path("/var/lib/twin") / mark
        return Cluster(_find_bin_dir(directory), directory, directory, OWNER)
    # A socket's path may have 107 bytes, so it cannot always be beside the data; nor in XDG_RUNTIME_DIR,
    # which a cron job does not have.
    return Cluster(_find_bin_dir(home), home, Path(f"/tmp/twin-{os.geteuid()}") / mark, None)


def _find_bin_dir(directory: Path) -> Path:
    """The PostgreSQL that made this cluster, for a new one the newest of the system that has PostGIS.

    Raises SetupError where there is none.
    """
    made_by = directory / "pg" / "PG_VERSION"
    wanted = made_by.read_text().strip() if made_by.exists() else r"\d+"
    found: list[tuple[int, Path]] = []
    for binary in Path("/usr/lib/postgresql").glob("*/bin/initdb"):
        version = binary.parent.parent.name
        control = Path(f"/usr/share/postgresql/{version}/extension/postgis.control")
        if re.fullmatch(wanted, version) and control.exists():
            found.append((int(version), binary.parent))
    if not found:
        raise SetupError(
            Text(
                "没有找到带 PostGIS 的 PostgreSQL。请运行 make setup(需要 root 或 sudo),"
                "或设置 TWIN_DATABASE_URL 指向现有的 PostGIS。",
                "No PostgreSQL with PostGIS was found. Run `make setup` (root or sudo), "
                "or point TWIN_DATABASE_URL at a PostGIS that exists.",
            )
        )
    return max(found)[1]


def start_cluster(cluster: Cluster, options: Mapping[str, str] | None = None) -> bool:
    """Create the cluster if it is new and start it if it is down; True if it was started now.

    `options` of the server are taken beside ours, or in place of them.
    """
    if not (cluster.data / "PG_VERSION").exists():
        _create(cluster)
    if is_running(cluster):
        return False
    if not cluster.system_user:
        _make_private(cluster, cluster.socket_dir.parent)
    _make_private(cluster, cluster.socket_dir)
    given = {**_SERVER_OPTIONS, **(options or {}), "unix_socket_directories": str(cluster.socket_dir)}
    switches = " ".join(f"-c {name}='{value}'" for name, value in given.items())
    _run(cluster, "pg_ctl", "-D", cluster.data, "-l", cluster.log, "-w", "-t", "60", "-o", switches, "start")
    return True


def stop_cluster(cluster: Cluster) -> bool:
    """Stop the cluster; False if it was not running."""
    if not is_running(cluster):
        return False
    _run(cluster, "pg_ctl", "-D", cluster.data, "-w", "-m", "fast", "stop")
    return True


def remove_cluster(cluster: Cluster) -> None:
    """Stop the cluster and delete all of its data."""
    if cluster.data.exists():
        stop_cluster(cluster)
        shutil.rmtree(cluster.data)
    if cluster.system_user:
        shutil.rmtree(cluster.directory, ignore_errors=True)


def is_running(cluster: Cluster) -> bool:
    """Whether the server of this data directory is up."""
    if not (cluster.data / "PG_VERSION").exists():
        return False
    status = subprocess.run(
        _command(cluster, "pg_ctl", "-D", cluster.data, "status"), capture_output=True, check=False, cwd="/"
    )
    return status.returncode == 0


def _create(cluster: Cluster) -> None:
    if cluster.system_user:
        _ensure_system_user(cluster.system_user)
        Path("/var/lib/twin").mkdir(mode=0o755, parents=True, exist_ok=True)
    _make_private(cluster, cluster.directory)
    # C.UTF-8: under plain C a trigram search drops every Chinese character.
    _run(
        cluster, "initdb", "-D", cluster.data, "-U", OWNER, "--auth=trust",
        "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
    )  # fmt: skip


def _make_private(cluster: Cluster, directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if cluster.system_user:
        shutil.chown(directory, cluster.system_user)
    elif directory.stat().st_uid != os.geteuid():
        # Whoever may connect is superuser, so neither data nor socket may lie where somebody else laid it out.
        raise SetupError(
            Text(
                f"目录 {directory} 属于别的用户。请删除它后重试。",
                f"The directory {directory} belongs to somebody else. Remove it and try again.",
            )
        )


def _ensure_system_user(user: str) -> None:
    try:
        pwd.getpwnam(user)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--home-dir", "/var/lib/twin", "--shell", "/usr/sbin/nologin", user],
            check=True,
            capture_output=True,
        )


def _command(cluster: Cluster, program: str, *arguments: object) -> list[str]:
    command = [str(cluster.bin_dir / program), *(str(a) for a in arguments)]
    return ["runuser", "-u", cluster.system_user, "--", *command] if cluster.system_user else command


def _run(cluster: Cluster, program: str, *arguments: object) -> None:
    # The server inherits what pg_ctl has open: a pipe here would never see its end.
    log = cluster.directory / f"{program}.log"
    with log.open("w") as out:
        done = subprocess.run(
            _command(cluster, program, *arguments),
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, check=False, cwd="/",
        )  # fmt: skip
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
        raise SetupError(
            Text(
                f"{program} 失败({log}):\n{tail}\n服务器日志:{cluster.log}",
                f"{program} failed ({log}):\n{tail}\nThe server's log: {cluster.log}",
            )
        )
