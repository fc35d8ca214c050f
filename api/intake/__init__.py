# SPDX-License-Identifier: Apache-2.0
"""What is sent in: uploads, jobs, loads, and what was turned away or awaits a person."""
