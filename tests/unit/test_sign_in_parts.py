# SPDX-License-Identifier: Apache-2.0
"""Limits, addresses and passwords by themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access.limits import RateLimit, find_address
from api.access.origins import check_own_site
from twin.errors import AccessDeniedError, InvalidRequestError
from twin.passwords import check_password, hash_password, make_password, verify_password
from twin.settings import Settings


@given(st.integers(1, 50))
def test_just_as_many_are_let_through_at_once_as_the_limit_says(count: int) -> None:
    limit = RateLimit(count, 3600)
    allowed = [limit.take("a").wait_s == 0 for _ in range(count + 3)]
    assert allowed == [True] * count + [False] * 3
    assert limit.take("b").wait_s == 0
    assert 0 < limit.take("a").wait_s <= 3600 / count
    limit.give_back("a")
    assert limit.take("a").wait_s == 0


def test_the_memory_of_a_limit_is_bounded_and_those_who_asked_last_are_remembered() -> None:
    limit = RateLimit(1, 3600, capacity=100)
    for number in range(1000):
        limit.take(number)
    assert len(limit) == 100
    assert limit.take(999).wait_s > 0 and limit.take(0).wait_s == 0


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        (None, ""),
        (("203.0.113.9", 1), "203.0.113.9"),
        (("::ffff:203.0.113.9", 1), "203.0.113.9"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("2001:db8:1:2:ffff::1%eth0", 1), "2001:db8:1:2::/64"),
        (("not:an:address", 1), "not:an:address"),
    ],
)
def test_an_address_is_counted_as_its_network(client: tuple[str, int] | None, counted: str) -> None:
    assert find_address(client) == counted


@pytest.mark.parametrize(
    "password",
    [
        "short", "x" * 129, "password1234", "123456789012", "qwertyuiop12", "Shenzhen2026!", "baoan-desk-99",
        "aaaaaaaaaaaab", "abcdefghijklm", "Admin@123456!", "desk-03desk-03", "1qaz2wsx3edc",
    ],
)  # fmt: skip
def test_a_password_that_is_guessed_early_is_refused(password: str) -> None:
    with pytest.raises(InvalidRequestError):
        check_password(password, "baoan-desk" if "baoan" in password else "desk-03")


@pytest.mark.parametrize("password", ["correct horse battery", "春眠不觉晓处处闻啼鸟夜来", "Tr0ub4dor&3xyz"])
def test_a_password_of_unrelated_words_is_taken(password: str) -> None:
    check_password(password, "desk-03")


def test_a_password_that_is_made_is_taken() -> None:
    check_password(make_password(), "desk-03")


def test_a_password_is_verified_by_its_hash_and_by_no_other() -> None:
    kept = hash_password("correct horse battery")
    assert kept.startswith("$argon2id$") and kept != hash_password("correct horse battery")
    assert verify_password(kept, "correct horse battery")
    assert not verify_password(kept, "correct horse batter")
    assert not verify_password(None, "correct horse battery")
    assert not verify_password("no hash", "correct horse battery")


@pytest.mark.parametrize(
    ("origin", "is_own"),
    [
        ("https://twin.example", True), ("http://inner:8000", True), ("null", False),
        ("https://twin.example.evil", False),
        ("https://evil/twin.example", False), ("https://twin.example:444", False),
    ],
)  # fmt: skip
def test_the_page_that_asks_is_of_this_host_or_of_the_public_address(origin: str, is_own: bool) -> None:
    headers = [(b"host", b"inner:8000"), (b"origin", origin.encode())]
    settings = Settings(public_url="https://twin.example/")
    if is_own:
        check_own_site(headers, settings)
    else:
        with pytest.raises(AccessDeniedError):
            check_own_site(headers, settings)
