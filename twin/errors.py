# SPDX-License-Identifier: Apache-2.0
"""The one error tree. A message says what was being done and what to do about it, in zh and en.

TwinError
├── NotFoundError         no such block, layer, feature, model, tileset, job
├── InvalidRequestError   a parameter that cannot be understood
├── AccessDeniedError     who asked may not
├── ConflictError         the thing changed meanwhile, or exists as something else
├── RefusedError          a file or data set that is refused, with its problems
├── DeclarationError      a bad layer or source file: stops the start
├── StorageFullError      there is no room left on the disk
└── SetupError            the machine, cluster or environment is not as needed
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin.text import Text


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where (file, row, entity, field), what, and what to do."""

    where: str
    what: Text
    fix: Text

    def as_dict(self) -> dict[str, object]:
        """For the JSON report: the locale's sentences, and both languages beside them."""
        return {
            "where": self.where,
            "what": str(self.what),
            "fix": str(self.fix),
            "what_i18n": self.what.as_dict(),
            "fix_i18n": self.fix.as_dict(),
        }


class TwinError(Exception):
    """Something that Blocktwin can explain."""

    def __init__(self, text: Text) -> None:
        self.text = text
        super().__init__(text.en)


class NotFoundError(TwinError):
    """There is no such thing, or the asker may not know of it."""


class InvalidRequestError(TwinError):
    """A request that cannot be understood; `parameter` names the culprit."""

    def __init__(self, text: Text, parameter: str | None = None) -> None:
        super().__init__(text)
        self.parameter = parameter


class AccessDeniedError(TwinError):
    """The actor's role, scope, class or purpose does not reach this."""


class ConflictError(TwinError):
    """The thing has changed, or exists already as something else."""


class RefusedError(TwinError):
    """A file or data set that is refused whole; nothing of it stays. Exit code 2."""

    def __init__(self, text: Text, problems: Sequence[Problem] = ()) -> None:
        super().__init__(text)
        self.problems = tuple(problems)


class DeclarationError(TwinError):
    """A layer, source or mapping file says something impossible."""


class SetupError(TwinError):
    """The machine, the cluster or the environment is not as Blocktwin needs it."""


class StorageFullError(TwinError):
    """There is no room left on a disk, or less than is kept free; nothing half-written stays."""
