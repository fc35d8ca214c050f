# SPDX-License-Identifier: Apache-2.0
"""Where a feature is at home that is nowhere."""

from __future__ import annotations

from typing import Final

OUTSIDE: Final = "~"
"""The home of a feature that no block holds. It sorts after every digit, so no scope range has it."""
