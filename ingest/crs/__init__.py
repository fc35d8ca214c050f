# SPDX-License-Identifier: Apache-2.0
"""Which CRS a file is in: as declared, as measured, never guessed."""
