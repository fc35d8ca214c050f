# SPDX-License-Identifier: Apache-2.0
"""What every route answers with: parameters, bytes, links, errors in words."""
