# SPDX-License-Identifier: Apache-2.0
"""Registers of parks and villages, houses, and all that people write about them in the field."""
