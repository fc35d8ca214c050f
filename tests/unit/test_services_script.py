# SPDX-License-Identifier: Apache-2.0
"""`scripts/services.py` with real processes and sockets: it must never end, or stand in for, a stranger."""

from __future__ import annotations

import importlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from twin.errors import SetupError
from twin.settings import Settings

_SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, with its neighbours within reach as when it is run."""
    monkeypatch.syspath_prepend(_SCRIPTS)
    return importlib.import_module("services")


@pytest.fixture
def processes(services: ModuleType) -> ModuleType:
    """The neighbour that starts and ends single processes."""
    return sys.modules["processes"]


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own session, as a started service is."""
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_a_process_that_got_an_old_number_is_neither_taken_for_ours_nor_ended(
    processes: ModuleType, stranger: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    service = processes.Service("serve", tmp_path)
    service.pid_path.write_text(f"{stranger.pid}\nsome-other-boot:1\nabc\n")
    assert processes.find_running(service) is None
    assert not processes.stop_service(service)
    assert stranger.poll() is None


def test_our_own_process_is_found_with_its_fingerprint_and_ended(
    processes: ModuleType, stranger: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    service = processes.Service("serve", tmp_path)
    service.pid_path.write_text(f"{stranger.pid}\n{processes.read_beginning(stranger.pid)}\nabc\n")
    assert processes.find_running(service) == (stranger.pid, "abc")
    assert processes.stop_service(service)
    assert stranger.wait(timeout=5) == -15
    assert not service.pid_path.exists()
    assert not processes.stop_service(service)


@pytest.mark.parametrize("content", ["", "1", "one two three", "999999999 boot:1 abc"])
def test_a_pid_file_that_makes_no_sense_means_that_nothing_runs(
    processes: ModuleType, tmp_path: Path, content: str
) -> None:
    service = processes.Service("worker", tmp_path)
    service.pid_path.write_text(content)
    assert processes.find_running(service) is None


def test_a_port_in_use_is_refused_with_a_way_out_and_a_free_one_is_not(services: ModuleType) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {port} is taken.*TWIN_PORT={port + 1} make demo"):
            services.check_port(Settings(port=port))
    services.check_port(Settings(port=port))


def test_a_service_that_dies_is_reported_with_the_end_of_its_log(services: ModuleType, tmp_path: Path) -> None:
    service = services.Service("serve", tmp_path)
    service.log_path.write_text("first\nthe reason\n")
    with pytest.raises(SetupError, match=r"twin serve ended:\n(.*\n)*the reason"):
        services.wait_ready(Settings(), [service])
