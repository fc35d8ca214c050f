# SPDX-License-Identifier: Apache-2.0
"""What changes reach whom: the change feed, the stream."""
