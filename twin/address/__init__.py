# SPDX-License-Identifier: Apache-2.0
"""Chinese addresses: text to parts, parts to text, and which address or block a text means.

Libraries for this end at the county (cpca, addressparser, jionlp), and a district's addresses begin there,
so the grammar is our own. No place name stands in it: names come from the blocks and the addresses that
are loaded (`Gazetteer`).
"""
