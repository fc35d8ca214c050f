# SPDX-License-Identifier: Apache-2.0
"""Webhooks tell of every committed change, signed, in order, at least once, and only what their owner may see."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.api.conftest import serve_clone
from tests.api.district import EAST, WEST
from tests.api.receiver import Receiver, deliver, receive, wait_until
from tests.api.server import City
from twin.access import create_token
from twin.change_log import forget_changes
from twin.cluster import Cluster
from twin.database import transaction

NEW = (
    "INSERT INTO incident (source_id, local_id, severity, block_code, access_class, geometry) "
    "VALUES ('hook', %s, 2, %s, %s, ST_SetSRID(ST_Point(114.002, 22.502), 4490)) RETURNING id"
)
IN_WEST, IN_EAST = "99010100100101", "99010100200101"


@pytest.fixture(scope="module")
def city(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A served district whose webhooks may lead to this machine."""
    served = serve_clone(cluster, template, tmp_path_factory.mktemp("hooks"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWIN_WEBHOOK_PRIVATE", "1")
        made = next(served)
    with transaction(made.settings) as connection:
        made.tokens["steward"] = create_token(connection, "steward")
        made.tokens["west_steward"] = create_token(connection, "steward", scope=[WEST])
    yield made
    served.close()


@pytest.fixture(scope="module")
def courier(city: City) -> Iterator[None]:
    with deliver(city.settings):
        yield


@pytest.fixture(autouse=True)
def no_webhooks(city: City) -> Iterator[None]:
    yield
    city.execute("DELETE FROM webhook")
    city.execute("DELETE FROM incident WHERE source_id = 'hook'")


def add(city: City, number: int, code: str = IN_WEST, access_class: int = 2) -> int:
    """One committed edit, as psql would make it; its id."""
    ((new_id,),) = city.execute(NEW, str(number), code, access_class)
    assert isinstance(new_id, int)
    return new_id


def subscribe(city: City, receiver: Receiver, name: str = "admin", **more: object) -> dict:
    with city.client(name) as client:
        answer = client.post("/webhooks", json={"url": receiver.url, "layers": ["incidents"], **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def look(city: City, hook: dict, name: str = "admin") -> dict:
    with city.client(name) as client:
        return client.get(f"/webhooks/{hook['id']}").json()


def test_a_secret_is_shown_once_and_a_webhook_can_be_changed_and_deleted(city: City) -> None:
    with city.client("steward") as client:
        answer = client.post("/webhooks", json={"url": "https://receiver.example/a", "label": "大屏"})
        made = answer.json()
        assert answer.status_code == 201 and made["secret"].startswith("whsec_")
        path = answer.headers["location"]
        assert "secret" not in client.get(path).json()
        assert "secret" not in client.get("/webhooks").text
        assert made["state"] == "ok" and made["is_active"] and made["behind"] == 0 and made["is_own"]
        changed = client.patch(path, json={"is_active": False, "layers": ["buildings"], "label": None}).json()
        assert (changed["is_active"], changed["layers"], changed["label"]) == (False, ["buildings"], None)
        assert client.patch(path, json={"url": None}).status_code == 400
        assert client.patch(path, json={"secret": "x"}).status_code == 400
        rotated = client.post(f"{path}/secret").json()["secret"]
        assert rotated.startswith("whsec_") and rotated != made["secret"]
        assert client.delete(path).status_code == 204
        assert client.get(path).status_code == 404


def test_only_administrators_and_stewards_have_webhooks_and_each_sees_its_own(city: City) -> None:
    wanted = {"url": "https://receiver.example/a"}
    for name in ("wall", "planner", "west", None):
        with city.client(name) as client:
            assert client.get("/webhooks").status_code == 403
            assert client.post("/webhooks", json=wanted).status_code == 403
    with city.client("steward") as steward, city.client("west_steward") as west, city.client("admin") as admin:
        mine = steward.post("/webhooks", json=wanted).json()
        assert west.get("/webhooks").json() == {"webhooks": []}
        for answer in (west.get(f"/webhooks/{mine['id']}"), west.delete(f"/webhooks/{mine['id']}")):
            assert answer.status_code == 404
        assert [hook["id"] for hook in admin.get("/webhooks").json()["webhooks"]] == [mine["id"]]


def test_nobody_subscribes_to_more_than_he_may_see(city: City) -> None:
    wanted = {"url": "https://receiver.example/a"}
    with city.client("west_steward") as client:
        assert client.post("/webhooks", json=wanted | {"block_codes": [EAST]}).status_code == 403
        assert client.post("/webhooks", json=wanted | {"access_class": 4}).status_code == 403
        assert client.post("/webhooks", json=wanted | {"layers": ["none_such"]}).status_code == 404
        assert client.post("/webhooks", json=wanted | {"label": "电话 13800000000"}).status_code == 400
        assert client.post("/webhooks", json=wanted | {"block_codes": [IN_WEST]}).status_code == 201


@pytest.mark.parametrize(
    "url",
    ["ftp://receiver.example/", "not a url", "https://", "https://user:pass@receiver.example/",
     "https://receiver.example/#part", "https://0.0.0.0/", "https://224.0.0.1/"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(city: City, url: str) -> None:
    with city.client("admin") as client:
        answer = client.post("/webhooks", json={"url": url})
        assert answer.status_code == 400 and answer.json()["parameter"] == "url"


def test_a_commit_arrives_signed(city: City, courier: None) -> None:
    with receive() as receiver:
        hook = subscribe(city, receiver)
        new_id = add(city, 1)
        wait_until(lambda: receiver.accepted)
        (message,) = receiver.messages
        assert message.is_signed(hook["secret"]) and not message.is_signed("whsec_" + "A" * 43 + "=")
        assert message.headers["content-type"] == "application/json" and message.body["type"] == "changes"
        (event,) = message.events
        assert (event["layer"], event["op"], event["ids"]) == ("incidents", "insert", [new_id])
        assert event["block_codes"] == [IN_WEST] and message.body["data"]["change_id"] == event["change_id"]
        wait_until(lambda: look(city, hook)["messages"] == 1)
        now = look(city, hook)
        assert (now["state"], now["status"], now["change_id"]) == ("ok", 204, event["change_id"])


def test_after_another_secret_was_given_both_verify_for_a_while(city: City, courier: None) -> None:
    with receive() as receiver:
        hook = subscribe(city, receiver)
        with city.client("admin") as client:
            secret = client.post(f"/webhooks/{hook['id']}/secret").json()["secret"]
        add(city, 1)
        wait_until(lambda: receiver.accepted)
        assert receiver.messages[0].is_signed(hook["secret"]) and receiver.messages[0].is_signed(secret)


def test_a_receiver_that_was_away_gets_everything_in_order(city: City, courier: None) -> None:
    with receive() as receiver:
        hook = subscribe(city, receiver)
    made = [add(city, number) for number in range(5)]
    wait_until(lambda: look(city, hook)["state"] == "failing")
    assert look(city, hook)["problem"] == "network"
    with receive(receiver):
        wait_until(lambda: receiver.ids_of() == made)
        wait_until(lambda: look(city, hook)["state"] == "ok")


def test_a_receiver_that_fails_gets_the_same_message_again_until_it_takes_it(city: City, courier: None) -> None:
    with receive(Receiver(answer=lambda count: 500 if count <= 3 else 200)) as receiver:
        hook = subscribe(city, receiver)
        first = add(city, 1)
        wait_until(lambda: receiver.asked >= 2)
        second = add(city, 2)
        wait_until(lambda: receiver.ids_of() == [first, second])
        tried = receiver.messages[:4]
        assert [message.status for message in tried] == [500, 500, 500, 200]
        assert len({message.id for message in tried}) == 1 and len({message.raw for message in tried}) == 1
        assert all(message.is_signed(hook["secret"]) for message in receiver.messages)
        assert receiver.messages[-1].id != tried[0].id


def test_a_slow_receiver_holds_nobody_else(city: City, courier: None) -> None:
    with receive(Receiver(hold=threading.Event())) as slow, receive() as quick:
        held = subscribe(city, slow)
        subscribe(city, quick)
        made = [add(city, 1)]
        wait_until(lambda: slow.messages and quick.ids_of() == made)
        made.append(add(city, 2))
        wait_until(lambda: quick.ids_of() == made)
        wait_until(lambda: look(city, held)["problem"] == "timeout")
        assert look(city, held)["state"] == "failing"


def test_a_redirect_is_not_followed(city: City, courier: None) -> None:
    with receive() as other, receive(Receiver(answer=lambda _: 307)) as receiver:
        receiver.extra["Location"] = other.url
        hook = subscribe(city, receiver)
        add(city, 1)
        wait_until(lambda: look(city, hook)["problem"] == "redirect")
        assert other.asked == 0


def test_one_that_is_gone_or_fails_too_long_is_dead_until_it_is_redelivered(city: City, courier: None) -> None:
    status = {"now": 410}
    with receive(Receiver(answer=lambda _: status["now"])) as receiver:
        hook = subscribe(city, receiver)
        made = [add(city, 1)]
        wait_until(lambda: look(city, hook)["state"] == "dead")
        assert look(city, hook)["problem"] == "gone" and receiver.asked == 1
        made.append(add(city, 2))
        status["now"] = 503
        with city.client("admin") as client:
            assert client.post(f"/webhooks/{hook['id']}/redeliver").json()["state"] == "ok"
            wait_until(lambda: look(city, hook)["state"] == "failing")
            city.execute("UPDATE webhook SET failing_since = now() - interval '4 days'")
            wait_until(lambda: look(city, hook)["state"] == "dead")
            assert look(city, hook)["problem"] == "status" and look(city, hook)["behind"] >= 2
            status["now"] = 200
            client.post(f"/webhooks/{hook['id']}/redeliver")
        wait_until(lambda: receiver.ids_of() == made)
        assert len({message.id for message in receiver.messages[:3]}) == 1


def test_nothing_goes_out_that_the_owner_may_not_see_then(city: City, courier: None) -> None:
    with receive() as west, receive() as low, receive() as all_of_it:
        subscribe(city, west, "west_steward")
        subscribe(city, low, access_class=2)
        everything = subscribe(city, all_of_it, "steward")
        near, far = add(city, 1), add(city, 2, IN_EAST)
        secret = add(city, 3, IN_WEST, 3)
        last = add(city, 4)
        wait_until(lambda: all_of_it.ids_of() == [near, far, secret, last])
        wait_until(lambda: west.ids_of() == [near, secret, last])
        wait_until(lambda: low.ids_of() == [near, far, last])
        assert IN_EAST not in b"".join(message.raw for message in west.messages).decode()
        city.execute(
            "UPDATE access_token SET revoked_at = now() WHERE id = (SELECT token_id FROM webhook WHERE id = %s)",
            everything["id"],
        )
        add(city, 5)
        wait_until(lambda: look(city, everything)["state"] == "dead")
        assert look(city, everything)["problem"] == "owner" and len(all_of_it.ids_of()) == 4
        city.execute("UPDATE access_token SET revoked_at = NULL WHERE revoked_at IS NOT NULL")


def test_one_that_was_switched_off_goes_on_where_it_was(city: City, courier: None) -> None:
    with receive() as receiver, city.client("admin") as client:
        hook = subscribe(city, receiver)
        client.patch(f"/webhooks/{hook['id']}", json={"is_active": False})
        made = [add(city, 1), add(city, 2)]
        wait_until(lambda: look(city, hook)["behind"] == 2)
        assert receiver.asked == 0
        client.patch(f"/webhooks/{hook['id']}", json={"is_active": True})
        wait_until(lambda: receiver.ids_of() == made)


def test_what_is_no_longer_kept_is_told_as_a_reset(city: City, courier: None) -> None:
    with receive() as receiver, city.client("admin") as client:
        hook = subscribe(city, receiver)
        client.patch(f"/webhooks/{hook['id']}", json={"is_active": False})
        add(city, 1), add(city, 2)
        city.execute("UPDATE change SET committed_at = committed_at - interval '31 days'")
        assert forget_changes(city.settings) > 0
        last = add(city, 3)
        client.patch(f"/webhooks/{hook['id']}", json={"is_active": True})
        wait_until(lambda: receiver.accepted)
        message = receiver.messages[0]
        assert message.body["type"] == "reset" and message.is_signed(hook["secret"])
        assert [event["layer"] for event in message.events] == ["incidents", "collections"]
        after = add(city, 4)
        wait_until(lambda: receiver.ids_of()[-1:] == [after])
        assert last not in receiver.ids_of(), "the reset speaks for everything up to it"


def test_two_that_deliver_send_nothing_twice(city: City, courier: None) -> None:
    with receive() as receiver, deliver(city.settings):
        subscribe(city, receiver)
        made = [add(city, number) for number in range(30)]
        wait_until(lambda: receiver.ids_of() == made)
        assert len({message.id for message in receiver.messages}) == len(receiver.messages)


def test_a_private_address_is_neither_taken_nor_reached_without_leave(live_city: City) -> None:
    with live_city.client("admin") as client:
        for url in ("http://receiver.example/", "https://10.1.2.3/", "https://localhost/", "https://[::1]/"):
            answer = client.post("/webhooks", json={"url": url})
            assert answer.status_code == 400 and answer.json()["parameter"] == "url", url
        with receive() as receiver, deliver(live_city.settings, TWIN_WEBHOOK_PRIVATE="0"):
            for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
                hook = client.post("/webhooks", json={"url": "https://receiver.example/"}).json()
                # A name that was public when it was given may lead anywhere by now.
                live_city.execute(
                    "UPDATE webhook SET url = %s WHERE id = %s", f"http://{host}:{receiver.port}/hook", hook["id"]
                )
            add(live_city, 1)
            wait_until(lambda: {hook["problem"] for hook in client.get("/webhooks").json()["webhooks"]} == {"address"})
            assert receiver.asked == 0
