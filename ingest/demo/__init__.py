# SPDX-License-Identifier: Apache-2.0
"""The demo district: generated, deterministic, and marked as synthetic wherever it goes."""
