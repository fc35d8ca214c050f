# SPDX-License-Identifier: Apache-2.0
"""What is shown: the catalogue of layers and the SQL and bytes made of it. No I/O of its own."""
