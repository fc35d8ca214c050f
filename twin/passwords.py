# SPDX-License-Identifier: Apache-2.0
"""Passwords of local accounts: which are good enough, and what is kept of them (argon2id)."""

from __future__ import annotations

import re
import secrets
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from twin.errors import InvalidRequestError
from twin.text import Text

SHORTEST: Final = 12
LONGEST: Final = 128

_DISTINCT: Final = 5

_LEFT: Final = 4
"""So many characters have to remain of a password when all that is common is taken out."""

_COMMON: Final = (
    "password", "passwort", "passw0rd", "p@ssw0rd", "p@ssword", "pa55word", "mima", "qwertyuiop", "qwerty", "qwer",
    "asdfghjkl", "asdfgh", "asdf", "zxcvbnm", "zxcvbn", "zxcv", "1qaz2wsx", "1q2w3e4r5t", "1q2w3e4r", "1q2w3e",
    "qazwsx", "1qaz", "2wsx", "3edc", "iloveyou", "woaini", "letmein", "welcome", "administrator", "admin", "root",
    "guest", "test", "user", "login", "changeme", "default", "secret", "master", "dragon", "monkey", "football",
    "sunshine", "princess", "shenzhen", "baoan", "guangdong", "china", "zhongguo", "blocktwin", "twin", "wangge",
    "huawei", "abcdefghijkl", "abcdefgh", "abcdef", "abcd", "abc", "aaa", "520", "1314", "666", "888", "000", "111",
)  # fmt: skip
"""Words that guessers try first, the longer before what they hold."""

_RUNS: Final = ("01234567890", "09876543210", "abcdefghijklmnopqrstuvwxyz")

_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""For passwords that are read from a screen once: no letter looks like another."""

_HASHER: Final = PasswordHasher()


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))


def check_password(password: str, login: str) -> None:
    """Raises InvalidRequestError for one that is too short, too long, or among the first to be guessed."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidRequestError(
            Text(
                f"密码应为 {SHORTEST} 到 {LONGEST} 个字符。",
                f"A password has {SHORTEST} to {LONGEST} characters.",
            ),
            "password",
        )
    if _is_common(password.lower(), login):
        raise InvalidRequestError(
            Text(
                "密码太常见或与登录名相似,容易被猜到。请换一个,例如几个不相关的词。",
                "The password is common or like the login. Take another that nobody guesses: a few unrelated words.",
            ),
            "password",
        )


def _is_common(password: str, login: str) -> bool:
    if len(set(password)) < _DISTINCT:
        return True
    rest = password.replace(login, "") if len(login) > 2 else password
    for word in _COMMON:
        rest = rest.replace(word, "")
    return len(_without_runs(re.sub(r"(19|20)\d\d|[\W_]", "", rest))) < _LEFT


def _without_runs(text: str) -> str:
    """Without stretches of three and more that only count up or down."""
    kept, at = "", 0
    while at < len(text):
        end = at + 1
        while end < len(text) and any(text[at : end + 1] in run for run in _RUNS):
            end += 1
        kept += "" if end - at >= 3 else text[at:end]
        at = end
    return kept


def make_password() -> str:
    """A password that nobody has: 20 letters and digits (100 bits) in four groups."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(20))
    return "-".join(letters[at : at + 5] for at in range(0, 20, 5))


def hash_password(password: str) -> str:
    """What is kept of a password: argon2id with its own salt. Takes about 50 ms and 64 MB, on purpose."""
    return _HASHER.hash(password)


def verify_password(kept: str | None, password: str) -> bool:
    """Whether the password is the one of the hash; without a hash it takes as long, and is not."""
    try:
        return _HASHER.verify(kept or _nobodys(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than are used now."""
    return _HASHER.check_needs_rehash(kept)
