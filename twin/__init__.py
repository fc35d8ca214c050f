# SPDX-License-Identifier: Apache-2.0
"""The city: its tables, blocks, codes, coordinates, access, change log and jobs."""
