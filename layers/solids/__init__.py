# SPDX-License-Identifier: Apache-2.0
"""Layers that stand in three dimensions: what of a table is drawn, in which node of a tree, and as which bytes.

A tileset is named like its layer. `declaration` says which there are, `query` composes their SQL, `plan` shares the
features out among the nodes of a tree, `place` knows where nodes lie and `extrude` makes a node's content.
"""
