# SPDX-License-Identifier: Apache-2.0
"""Unified social credit codes: the published example holds, and one wrong character never does."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twin.uscc import ALPHABET, LENGTH, add_check_characters, are_valid

BODIES = st.text(ALPHABET, min_size=LENGTH - 1, max_size=LENGTH - 1)


def test_the_example_of_the_standard_checks() -> None:
    assert add_check_characters(["91350100M000100Y4"]).tolist() == ["91350100M000100Y43"]
    assert are_valid(["91350100M000100Y43", "91350100M000100Y44"]).tolist() == [True, False]


def test_what_is_no_code_at_all_is_not_valid() -> None:
    odd = [
        "",
        "9",
        "91350100M000100Y433",
        "91350100I000100Y43",
        "91350100m000100y43",
        "统一社会信用代码统一社会信用代码一二",
    ]
    assert not are_valid(odd).any()
    assert are_valid(np.array([], dtype=str)).shape == (0,)


@given(BODIES, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_changed_character_is_found(body: str, position: int, other: str) -> None:
    code = str(add_check_characters([body])[0])
    changed = code[:position] + other + code[position + 1 :]
    assert are_valid([code]).all()
    assert are_valid([changed])[0] == (changed == code)
