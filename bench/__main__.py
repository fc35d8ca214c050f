# SPDX-License-Identifier: Apache-2.0
"""`python -m bench`: every benchmark, one after another, with the same options."""

from __future__ import annotations

from bench import load, place, profile, tiles

if __name__ == "__main__":
    for benchmark in (load, tiles, place, profile):
        benchmark.main()
