# SPDX-License-Identifier: Apache-2.0
"""The front door: landing page, pages for people, health."""
