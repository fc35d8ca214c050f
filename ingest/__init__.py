# SPDX-License-Identifier: Apache-2.0
"""Data in: readers, sources, the one load pipeline and the conversions of models and meshes."""
