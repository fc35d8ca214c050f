# SPDX-License-Identifier: Apache-2.0
"""What an operator sees of a process: counts, traces, log lines, and how far its life has come."""
