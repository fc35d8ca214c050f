# SPDX-License-Identifier: Apache-2.0
"""What blocks add up to, as far as it may be shown."""
