# SPDX-License-Identifier: Apache-2.0
"""How far a process has come: it starts, serves, and then lets go of its clients before it stops."""

from __future__ import annotations

from typing import Literal


class Lifecycle:
    """Read by every request and by the probes."""

    def __init__(self) -> None:
        self.state: Literal["starting", "serving", "stopping"] = "starting"
        self.is_stopping = False
        """Whether clients should go elsewhere: a connection is closed after its answer, no new ones are wanted."""

    def serve(self) -> None:
        """Everything is connected."""
        if self.state == "starting":
            self.state = "serving"

    def stop(self) -> None:
        """The process was told to stop."""
        self.state = "stopping"
        self.is_stopping = True
