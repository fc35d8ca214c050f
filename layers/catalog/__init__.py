# SPDX-License-Identifier: Apache-2.0
"""The layers, one declaration a file."""
