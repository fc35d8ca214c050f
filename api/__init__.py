# SPDX-License-Identifier: Apache-2.0
"""HTTP, thin: routes, sessions, the stream and the tile cache."""
