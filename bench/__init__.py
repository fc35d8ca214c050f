# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: our work beside that of a peer, alternately in one run, on one machine."""
