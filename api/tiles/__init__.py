# SPDX-License-Identifier: Apache-2.0
"""Tiles, flat and solid: rendered once, kept until something in them changes."""
