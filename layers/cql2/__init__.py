# SPDX-License-Identifier: Apache-2.0
"""CQL2 (OGC 21-065r2) over a layer: text to JSON tree (`text`), tree to SQL with every value bound (`condition`)."""
