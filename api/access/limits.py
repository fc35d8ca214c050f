# SPDX-License-Identifier: Apache-2.0
"""How often one may ask. Counted in each process by itself: with four workers, up to four times as often in all.

One number is kept for each of those who asked last (the generic cell rate algorithm), of at most `capacity`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from api.http.errors import TooManyRequestsError
from twin.settings import Settings
from twin.text import Text

CAPACITY: Final = 50_000
SIGN_IN_WINDOW_S: Final = 900.0
AT_ONCE: Final = 2
"""Passwords that are checked at the same time: each takes 64 MB and a core."""

MINUTE_S: Final = 60.0


@dataclass(frozen=True)
class Allowance:
    """What is left: `wait_s` above 0 is a refusal; `reset_s` until all of it is there again."""

    wait_s: float
    left: int
    reset_s: float


class RateLimit:
    """`count` requests at once, and that many again over `window_s` seconds; 0 is no limit."""

    def __init__(self, count: int, window_s: float, capacity: int = CAPACITY) -> None:
        self.count = count
        self.window_s = window_s
        self._each = window_s / count if count else 0.0
        self._capacity = capacity
        self._full_at: dict[Hashable, float] = {}
        """When the whole allowance of a key is there again; those who asked last come last."""

    def take(self, key: Hashable) -> Allowance:
        """Use one, if there is one."""
        now = time.monotonic()
        full_at = max(self._full_at.pop(key, now), now)
        ahead = full_at - now
        wait_s = ahead + self._each - self.window_s
        if wait_s > 1e-9:
            self._full_at[key] = full_at
            return Allowance(wait_s, 0, ahead)
        ahead += self._each
        self._full_at[key] = now + ahead
        if len(self._full_at) > self._capacity:
            del self._full_at[next(iter(self._full_at))]
        left = math.floor((self.window_s - ahead) / self._each + 1e-9) if self._each else 0
        return Allowance(0.0, left, ahead)

    def give_back(self, key: Hashable) -> None:
        """The last one does not count after all."""
        if key in self._full_at:
            self._full_at[key] -= self._each

    def __len__(self) -> int:
        return len(self._full_at)


class SignInLimits:
    """Failed sign-ins by login and by address. Who waits is let in again by itself; nothing is locked for good."""

    def __init__(self, settings: Settings) -> None:
        self._logins = RateLimit(settings.sign_in_attempts, SIGN_IN_WINDOW_S)
        self._addresses = RateLimit(settings.sign_in_attempts_address, SIGN_IN_WINDOW_S)
        self.turn = asyncio.Semaphore(AT_ONCE)
        """Who checks a password holds it meanwhile."""

    def begin(self, login: str | None, address: str) -> None:
        """Count an attempt, of which it is not known yet how it ends. Raises TooManyRequestsError."""
        wait_s = self._addresses.take(address).wait_s
        if not wait_s and login is not None:
            wait_s = self._logins.take(login.strip().lower()).wait_s
        if wait_s:
            raise TooManyRequestsError(
                Text(
                    f"登录失败次数过多,请 {math.ceil(wait_s)} 秒后再试。",
                    f"Too many failed sign-ins. Try again in {math.ceil(wait_s)} seconds.",
                ),
                wait_s,
            )

    def succeed(self, login: str | None, address: str) -> None:
        """It ended well: only failures count."""
        self._addresses.give_back(address)
        if login is not None:
            self._logins.give_back(login.strip().lower())


class RequestLimits:
    """Requests a minute: of a token or account that is known here, else of the address that asks."""

    def __init__(self, settings: Settings) -> None:
        self._tokens = RateLimit(settings.rate_limit_token, MINUTE_S)
        self._addresses = RateLimit(settings.rate_limit_address, MINUTE_S)

    def take(self, token_id: int | None, address: str) -> list[tuple[bytes, bytes]]:
        """Count a request; gives the headers that say what is left. Raises TooManyRequestsError."""
        limit, key, name = (
            (self._addresses, address, b"address") if token_id is None else (self._tokens, token_id, b"token")
        )
        if not limit.count:
            return []
        allowance = limit.take(key)
        if allowance.wait_s:
            wait = math.ceil(allowance.wait_s)
            raise TooManyRequestsError(
                Text(f"请求过于频繁,请 {wait} 秒后再试。", f"Too many requests. Try again in {wait} seconds."),
                allowance.wait_s,
            )
        return [
            (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (name, limit.count, limit.window_s)),
            (b"ratelimit", b'"%s";r=%d;t=%d' % (name, allowance.left, math.ceil(allowance.reset_s))),
        ]


def find_address(client: tuple[str, int] | None) -> str:
    """Who is counted: the client's IPv4 address, or the /64 network that one household or office has of IPv6.

    The server has put in what trusted proxies say (`trusted_proxies`), and nothing that others do.
    """
    if client is None:
        return ""
    host = client[0]
    if ":" not in host:
        return host
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
