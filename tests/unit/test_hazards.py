# SPDX-License-Identifier: Apache-2.0
"""The way of a hazard: whatever is tried in whatever order, nothing is verified that was not rectified."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import AccessDeniedError, ConflictError
from twin.hazard import ACTIONS, CLOSED, STATES, STEPS, Action, State, check_role, next_state, possible_actions


@given(st.lists(st.sampled_from(ACTIONS), max_size=40))
def test_no_order_of_actions_verifies_what_was_not_rectified(tried: list[Action]) -> None:
    state: State | None = None
    done: list[Action] = []
    for action in tried:
        try:
            state = next_state(state, action)
        except ConflictError as error:
            assert state not in STEPS[action].sources
            assert "Possible now" in error.text.en
        else:
            done.append(action)
    if done:
        assert done[0] == "report"
        assert done.count("report") == 1
    if "verify" in done:
        assert done[-2:] == ["rectify", "verify"]
        assert "assign" in done
    if state in CLOSED:
        assert all(state not in step.sources for step in STEPS.values())


def test_every_state_can_be_reached_and_only_the_closed_ones_are_ends() -> None:
    reached: set[State] = {"found"}
    while True:
        more = {step.target for step in STEPS.values() if set(step.sources) & reached} | reached
        if more == reached:
            break
        reached = more
    assert reached == set(STATES)
    assert {state for state in STATES if not any(state in step.sources for step in STEPS.values())} == CLOSED


def test_who_does_the_work_does_not_decide_on_it() -> None:
    check_role("rectify", "handler")
    for action in ("assign", "verify", "return", "reject"):
        with pytest.raises(AccessDeniedError):
            check_role(action, "handler")
    assert possible_actions("assigned", "handler") == ("rectify",)
    assert possible_actions("rectified", "wall") == ()
