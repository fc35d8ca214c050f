# SPDX-License-Identifier: Apache-2.0
"""What a steward keeps in order: datasets, quality, code tables, business layers."""
