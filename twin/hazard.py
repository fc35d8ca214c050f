# SPDX-License-Identifier: Apache-2.0
"""The way of a hazard: found, assigned as a task, rectified, verified; or returned, or rejected. Pure.

found ──assign──▶ assigned ──rectify──▶ rectified ──verify──▶ verified
  │                  │  ▲                  │
  │                  │  └─assign─ returned ◀─return
  └──reject──▶ rejected ◀──reject──┘
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from twin.access import Role
from twin.errors import AccessDeniedError, ConflictError
from twin.text import Text

State = Literal["found", "assigned", "rectified", "returned", "verified", "rejected"]
Action = Literal["report", "assign", "rectify", "verify", "return", "reject"]

STATES: Final[tuple[State, ...]] = get_args(State)
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
CLOSED: Final[frozenset[State]] = frozenset({"verified", "rejected"})


@dataclass(frozen=True)
class Step:
    """What an action does: from which states to which, and by whom."""

    title: Text
    sources: tuple[State | None, ...]
    target: State
    roles: tuple[Role, ...]


STEPS: Final[Mapping[Action, Step]] = {
    "report": Step(
        Text("上报", "report"), (None,), "found",
        ("steward", "admin", "grid_manager", "planner", "dispatcher", "handler"),
    ),
    "assign": Step(
        Text("派单", "assign"), ("found", "returned"), "assigned", ("steward", "admin", "dispatcher", "grid_manager")
    ),
    "rectify": Step(
        Text("整改", "rectify"), ("assigned", "returned"), "rectified", ("steward", "admin", "handler", "grid_manager")
    ),
    "verify": Step(
        Text("核销", "verify"), ("rectified",), "verified", ("steward", "admin", "grid_manager", "dispatcher")
    ),
    "return": Step(
        Text("退回", "return"), ("rectified",), "returned", ("steward", "admin", "grid_manager", "dispatcher")
    ),
    "reject": Step(
        Text("认定不属实", "reject"), ("found", "assigned"), "rejected", ("steward", "admin", "dispatcher")
    ),
}  # fmt: skip


def next_state(state: State | None, action: Action) -> State:
    """The state after an action; None is: not reported yet. Raises ConflictError where the action does not fit.

    >>> next_state("rectified", "verify")
    'verified'
    """
    step = STEPS[action]
    if state not in step.sources:
        possible: list[Action] = [name for name, other in STEPS.items() if state in other.sources]
        listed = ", ".join(possible) or "-"
        zh = "、".join(f"{name}({STEPS[name].title.zh})" for name in possible) or "无"
        raise ConflictError(
            Text(
                f"隐患处于 {state} 状态,不能{step.title.zh}。可做:{zh}。",
                f"The hazard is {state}, so it cannot be taken to '{step.target}'. Possible now: {listed}.",
            )
        )
    return step.target


def check_role(action: Action, role: Role) -> None:
    """Raises AccessDeniedError where a role may not take a step."""
    step = STEPS[action]
    if role not in step.roles:
        listed = ", ".join(sorted(step.roles))
        raise AccessDeniedError(
            Text(
                f"角色 {role} 不能{step.title.zh}隐患;可以的有:{listed}。",
                f"The role {role} may not {step.title.en} a hazard; these may: {listed}.",
            )
        )


def possible_actions(state: State, role: Role) -> tuple[Action, ...]:
    """What a role can do next, for a page's buttons."""
    return tuple(name for name, step in STEPS.items() if state in step.sources and role in step.roles)
