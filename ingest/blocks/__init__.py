# SPDX-License-Identifier: Apache-2.0
"""Blocks in: files, checks, versions, and what follows when blocks change."""
