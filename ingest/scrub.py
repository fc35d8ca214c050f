# SPDX-License-Identifier: Apache-2.0
"""Takes personal data out of free text before anything is stored: phones, identity numbers, names before titles."""

from __future__ import annotations

from typing import Any

import pandas as pd

from twin.personal import scrub_text


def scrub(values: pd.Series[Any]) -> pd.Series[Any]:
    """A text column without what identifies a person."""
    return values.map(scrub_text, na_action="ignore").astype("string")
