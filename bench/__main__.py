# SPDX-License-Identifier: Apache-2.0
"""`python -m bench`: every benchmark, one after another, with the same options."""

from __future__ import annotations

from bench import access, cached_tiles, items, load, place, profile, tiles

if __name__ == "__main__":
    for benchmark in (load, tiles, cached_tiles, items, access, place, profile):
        benchmark.main()
