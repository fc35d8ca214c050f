# SPDX-License-Identifier: Apache-2.0
"""The process of one upload, which ends with its worker: whoever takes the job over must be alone with it."""

from __future__ import annotations

import sys

from ingest.bim.lifeline import die_with_parent


def main(parent: int, upload_id: str, progress_id: int) -> None:
    """Load it; `parent` is the worker's process id."""
    # Before the imports, which take seconds: a worker that is killed meanwhile must not leave this behind.
    die_with_parent(parent)
    from ingest.upload import run_upload
    from twin import tracing
    from twin.logs import set_up_logs
    from twin.settings import Settings

    settings = Settings()
    set_up_logs(settings)
    tracing.start_tracing(settings, "twin-worker")
    try:
        with tracing.open_span("load upload", parent=tracing.find_parent()):
            run_upload(settings, upload_id, progress_id)
    finally:
        tracing.stop_tracing()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
