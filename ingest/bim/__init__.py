# SPDX-License-Identifier: Apache-2.0
"""Building models (IFC): opened in a process of their own, placed, meshed, tiled."""
