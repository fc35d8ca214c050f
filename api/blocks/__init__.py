# SPDX-License-Identifier: Apache-2.0
"""Blocks, their schemes, and finding the block of anything."""
