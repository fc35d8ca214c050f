# SPDX-License-Identifier: Apache-2.0
"""What lies in buildings and blocks and comes from tables: houses, components, registers."""
