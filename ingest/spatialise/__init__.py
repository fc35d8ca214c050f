# SPDX-License-Identifier: Apache-2.0
"""落图入块: any table into features in blocks, and what is not sure into the review queue."""
