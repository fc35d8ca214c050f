# SPDX-License-Identifier: Apache-2.0
"""Binary glTF and tileset.json for 3D Tiles 1.1, from arrays in local metres."""
