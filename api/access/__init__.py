# SPDX-License-Identifier: Apache-2.0
"""Who asks, and how a page or a machine says so."""
