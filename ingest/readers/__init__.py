# SPDX-License-Identifier: Apache-2.0
"""Readers, one a format: from a file to frames of the load pipeline."""
