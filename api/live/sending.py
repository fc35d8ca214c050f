# SPDX-License-Identifier: Apache-2.0
"""Sends one webhook message: signed as Standard Webhooks says, to an address that was looked at before."""

from __future__ import annotations

import asyncio
import base64
import hmac
import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Literal, Self

import httpx

from api.version import VERSION

SECRET_PREFIX: Final = "whsec_"

Problem = Literal["address", "network", "tls", "timeout", "status", "redirect", "gone", "owner"]
"""What went wrong: the address is refused, nobody answers, …; `owner`: whose webhook it is may not ask any more."""

_LONGEST_WAIT_S: Final = 3600.0
_EMBEDDED: Final = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_EMBEDDED: Final = ipaddress.ip_network("64:ff9b:1::/48")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# It would log whole addresses, and some receivers are known by a secret in theirs.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt. `wait_s`: what the receiver asked us to wait."""

    problem: Problem | None
    status: int | None = None
    wait_s: float = 0.0


class RefusedAddressError(Exception):
    """The name leads to an address that webhooks may not reach."""


class Sender:
    """Posts messages; follows no redirects, reads no answers, asks no proxy."""

    def __init__(self, *, timeout_s: float, is_private_allowed: bool) -> None:
        self._timeout_s = timeout_s
        self._is_private_allowed = is_private_allowed
        # Each message has a connection of its own, since each has an address that was just looked at.
        self._client = httpx.AsyncClient(
            trust_env=False, follow_redirects=False, timeout=timeout_s, limits=httpx.Limits(max_keepalive_connections=0)
        )

    async def __aenter__(self) -> Self:
        """Ready to send."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def post(self, url: str, message_id: str, body: bytes, secrets: Sequence[bytes]) -> Outcome:
        """One attempt. It never raises for what the receiver, the network or the address does."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(httpx.URL(url), message_id, body, secrets)
        except RefusedAddressError:
            return Outcome("address")
        except (TimeoutError, httpx.TimeoutException):
            return Outcome("timeout")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Outcome("tls" if _is_about_tls(error) else "network")

    async def _post(self, url: httpx.URL, message_id: str, body: bytes, secrets: Sequence[bytes]) -> Outcome:
        host = url.raw_host.decode("ascii")
        port = url.port or (443 if url.scheme == "https" else 80)
        address = await find_address(host, port, is_private_allowed=self._is_private_allowed)
        moment = int(time.time())
        headers = {
            "Host": url.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": f"Blocktwin/{VERSION}",
            "webhook-id": message_id,
            "webhook-timestamp": str(moment),
            "webhook-signature": " ".join(sign(secret, message_id, moment, body) for secret in secrets),
        }
        # To the very address that was checked: a name may lead elsewhere a moment later. TLS is still for the name.
        request = self._client.build_request(
            "POST", url.copy_with(host=address), content=body, headers=headers,
            extensions={"sni_hostname": host} if url.scheme == "https" else {},
        )  # fmt: skip
        answer = await self._client.send(request, stream=True)
        try:
            return _judge(answer)
        finally:
            await answer.aclose()


def sign(secret: bytes, message_id: str, moment: int, body: bytes) -> str:
    """The `webhook-signature` of a message sent at `moment` (Unix seconds).

    >>> sign(b"key", "msg_1", 1, b"{}")
    'v1,jKGHVBDuJf5ZbCMVrrutoMHDN1OlFFCE9iogVIO9MLQ='
    """
    signed = f"{message_id}.{moment}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()


def write_secret(secret: bytes) -> str:
    """A secret as its receiver keeps it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


async def find_address(host: str, port: int, *, is_private_allowed: bool) -> str:
    """The address that a host leads to. Raises RefusedAddressError where any of its addresses may not be reached."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise OSError("no such host") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_allowed(one, is_private_allowed=is_private_allowed) for one in addresses):
        raise RefusedAddressError
    return addresses[0]


def is_allowed(address: str, *, is_private_allowed: bool) -> bool:
    """Whether webhooks may reach an address: a public one, or with leave any that a single machine has.

    >>> [is_allowed(one, is_private_allowed=False) for one in ("1.1.1.1", "10.0.0.1", "::ffff:127.0.0.1")]
    [True, False, False]
    """
    parsed: Address = ipaddress.ip_address(address.partition("%")[0])
    meant = _embedded(parsed)
    if parsed.is_multicast or meant.is_multicast or meant.is_unspecified or meant == _BROADCAST:
        return False
    if is_private_allowed:
        return True
    is_local = parsed.version == 6 and (parsed.is_site_local or parsed in _LOCAL_EMBEDDED)
    return meant.is_global and not meant.is_reserved and not is_local


_BROADCAST: Final = ipaddress.IPv4Address("255.255.255.255")


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, or itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _EMBEDDED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def _judge(answer: httpx.Response) -> Outcome:
    status = answer.status_code
    if 200 <= status < 300:
        return Outcome(None, status)
    if 300 <= status < 400:
        return Outcome("redirect", status)
    asked = answer.headers.get("retry-after", "")
    wait_s = min(float(asked), _LONGEST_WAIT_S) if asked.isascii() and asked.isdigit() else 0.0
    return Outcome("gone" if status == 410 else "status", status, wait_s)


def _is_about_tls(error: BaseException) -> bool:
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, ssl.SSLError):
            return True
        at = at.__cause__ or at.__context__
    return False
