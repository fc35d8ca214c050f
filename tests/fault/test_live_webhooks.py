# SPDX-License-Identifier: Apache-2.0
"""Webhooks outlive the process that delivers them: what it was at comes again, and nothing is left out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.conftest import serve_clone
from tests.api.receiver import Receiver, deliver, receive, wait_until
from tests.api.server import City
from tests.api.test_webhooks import add, look, subscribe
from twin.cluster import Cluster


@pytest.fixture
def city(cluster: Cluster, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    monkeypatch.setenv("TWIN_WEBHOOK_PRIVATE", "1")
    yield from serve_clone(cluster, template, tmp_path)


def test_a_message_whose_deliverer_was_killed_comes_again(city: City) -> None:
    with receive(Receiver(hold=threading.Event())) as receiver:
        hook = subscribe(city, receiver)
        with deliver(city.settings, TWIN_WEBHOOK_TIMEOUT_S="30") as process:
            made = [add(city, 1)]
            wait_until(lambda: receiver.messages)
            process.kill()
            process.wait()
        made.append(add(city, 2))
        assert receiver.hold is not None
        receiver.hold.set()
        receiver.hold = None
        with deliver(city.settings):
            wait_until(lambda: receiver.ids_of() == made)
    assert receiver.messages[0].id == receiver.messages[1].id, "the same message, so that it can be known"
    assert receiver.messages[0].raw == receiver.messages[1].raw
    assert all(message.is_signed(hook["secret"]) for message in receiver.messages)


def test_a_database_that_drops_every_connection_costs_no_message(city: City) -> None:
    with receive() as receiver, deliver(city.settings):
        hook = subscribe(city, receiver)
        made = [add(city, 1)]
        wait_until(lambda: receiver.ids_of() == made)
        city.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        made += [add(city, 2), add(city, 3)]
        wait_until(lambda: receiver.ids_of() == made)
        wait_until(lambda: look(city, hook)["behind"] == 0)
