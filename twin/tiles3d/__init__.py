# SPDX-License-Identifier: Apache-2.0
"""Checks a 3D Tiles tileset, from a folder or over HTTP: documents, volumes, contents, feature ids, property tables.

`check.check_tileset` walks it; `files` reads it, `document` knows what a tileset's JSON must be, `volume` what holds
what, `content` and `glb` what a content must be, `metadata` where its feature ids lead.
"""
