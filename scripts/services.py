# SPDX-License-Identifier: Apache-2.0
"""Blocktwin's processes on a developer's machine: start them, wait until they answer, stop them.

services.py ready    print `ready URL` if all of it runs as it is now; else exit 3
services.py check    is the port free, or held by our own server?
services.py start    start `twin serve` and `twin worker` where needed, print `ready URL`
services.py stop     end both, and the embedded cluster
services.py remove   the same, and delete the embedded cluster
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import socket
import sys
import time
import urllib.request
from typing import Final

from processes import ROOT, Service, find_running, say, start_service, stop_service, tail

from twin.cluster import Cluster, find_cluster, remove_cluster, stop_cluster
from twin.errors import SetupError
from twin.settings import Settings
from twin.text import Text

_START_SECONDS: Final = 180.0
_ANSWER_SECONDS: Final = 5.0

# What a person needs to see something: the state, both pages, and one tile of a public layer.
_PATHS: Final = ("/health", "/wall", "/plan", "/collections/blocks/tiles/WebMercatorQuad/0/0/0")


def take_fingerprint() -> str:
    """A hash of the program, what it is installed from, and every TWIN_ setting."""
    digest = hashlib.sha256()
    files = [path for package in ("twin", "ingest", "layers", "api") for path in (ROOT / package).rglob("*")]
    files += [ROOT / ".venv/.blocktwin-installed", ROOT / "viewer/dist/.blocktwin-built"]
    for path in sorted(files):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path).encode() + b"\0" + path.read_bytes())
    for name in sorted(os.environ):
        if name.startswith("TWIN_"):
            digest.update(f"{name}={os.environ[name]}\0".encode())
    return digest.hexdigest()


def check_port(settings: Settings) -> None:
    """Raises SetupError where `twin serve` could not listen."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
            probe.listen(1)
        except OSError as error:
            other = settings.port + 1
            if error.errno == errno.EADDRINUSE:
                text = Text(
                    f"端口 {settings.port} 已被其他程序占用。请换一个:TWIN_PORT={other} make demo",
                    f"Port {settings.port} is taken by another program. Choose one: TWIN_PORT={other} make demo",
                )
            else:
                text = Text(
                    f"不能监听 {settings.host}:{settings.port}({error.strerror})。请检查地址和端口。",
                    f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}). "
                    "Check TWIN_HOST and TWIN_PORT.",
                )
            raise SetupError(text) from error


def find_embedded(settings: Settings) -> Cluster | None:
    """The embedded cluster; None where the operator's own database serves, or no PostgreSQL is installed."""
    if settings.database_url:
        return None
    try:
        return find_cluster(settings)
    except SetupError:
        return None


def base_url(settings: Settings) -> str:
    """Where the pages are reached from this machine."""
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::", "localhost"} else settings.host
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def wait_ready(settings: Settings, services: list[Service], seconds: float = _START_SECONDS) -> None:
    """Wait until the pages and a tile answer.

    Raises SetupError with the log's end if a process dies meanwhile or the time is over.
    """
    # A proxy of the environment has no business with this machine's own address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + seconds
    pending = list(_PATHS)
    while pending:
        for service in services:
            if find_running(service) is None:
                raise SetupError(
                    Text(
                        f"twin {service.name} 已退出:\n{tail(service)}",
                        f"twin {service.name} ended:\n{tail(service)}",
                    )
                )
        problem = ask(opener, base_url(settings), pending[0])
        if problem is None:
            pending.pop(0)
        elif time.monotonic() > deadline:
            log = tail(services[0])
            raise SetupError(
                Text(
                    f"{pending[0]} 在 {seconds:.0f} 秒内没有就绪({problem})。日志末尾:\n{log}",
                    f"{pending[0]} was not ready within {seconds:.0f} s ({problem}). The log's end:\n{log}",
                )
            )
        else:
            time.sleep(0.2)


def ask(opener: urllib.request.OpenerDirector, base: str, path: str) -> str | None:
    """None where a GET of `path` answers as it should, else what is wrong. No worker: not ready either."""
    try:
        with opener.open(base + path, timeout=30) as response:
            body: bytes = response.read()
    except (OSError, http.client.HTTPException) as error:
        return str(error)
    if path == "/health" and not json.loads(body)["workers"]["alive"]:
        return "no worker"
    return None


def is_ready(settings: Settings, services: list[Service], fingerprint: str) -> bool:
    """Whether every service runs with this program and these settings, and answers."""
    for service in services:
        running = find_running(service)
        if running is None or running[1] != fingerprint:
            return False
    try:
        wait_ready(settings, services, _ANSWER_SECONDS)
    except SetupError:
        return False
    return True


def start(settings: Settings, services: list[Service], fingerprint: str) -> None:
    """Start what does not run, wait for all of it, and say where it is."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    for service in services:
        if start_service(service, fingerprint):
            say(Text(f"已启动 {service.name}", f"started {service.name}, log {service.log_path}"))
    wait_ready(settings, services)
    tell_ready(settings)


def stop(settings: Settings, services: list[Service], *, is_removed: bool) -> None:
    """End every service and the embedded cluster; with `is_removed` the cluster's data goes too."""
    for service in services:
        if stop_service(service):
            say(Text(f"已停止 {service.name}", f"stopped {service.name}"))
    cluster = find_embedded(settings)
    if cluster and is_removed:
        # The tests have one of their own (tests/conftest.py).
        for embedded in (cluster, find_cluster(Settings(data_dir=settings.data_dir / "test"))):
            remove_cluster(embedded)
        say(Text("已删除内嵌数据库", "the embedded database is gone"))
    elif cluster and stop_cluster(cluster):
        say(Text("已停止内嵌数据库", "the embedded database has stopped"))


def tell_ready(settings: Settings) -> None:
    """Say where the tokens are, and last the one line that others may wait for."""
    say(Text(f"各角色的令牌在 {settings.tokens_path}", f"tokens by role are in {settings.tokens_path}"))
    print(f"ready {base_url(settings)}", flush=True)


def check_start(settings: Settings, serve: Service, fingerprint: str) -> None:
    """Make sure that `serve` can listen: end our own older one, refuse a stranger's port."""
    running = find_running(serve)
    if running and running[1] != fingerprint:
        say(Text("程序或设置有变,停止旧的服务", "program or settings changed: stopping the old server"))
        stop_service(serve)
        running = None
    if running is None:
        check_port(settings)


def main() -> None:
    """Run one action; a SetupError is said in both languages and ends with 1."""
    action = sys.argv[1] if len(sys.argv) == 2 else ""
    os.chdir(ROOT)
    settings = Settings()
    services = [Service("serve", settings.data_dir), Service("worker", settings.data_dir)]
    try:
        match action:
            case "ready":
                if not is_ready(settings, services, take_fingerprint()):
                    sys.exit(3)
                tell_ready(settings)
            case "check":
                check_start(settings, services[0], take_fingerprint())
            case "start":
                start(settings, services, take_fingerprint())
            case "stop":
                stop(settings, services, is_removed=False)
            case "remove":
                stop(settings, services, is_removed=True)
            case _:
                sys.exit(__doc__)
    except SetupError as error:
        print(f"\n✗ {error.text.zh}\n  {error.text.en}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
