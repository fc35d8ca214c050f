# SPDX-License-Identifier: Apache-2.0
"""OGC API Features over the layers, their exports, and what a layer list holds."""
