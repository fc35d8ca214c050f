# SPDX-License-Identifier: Apache-2.0
"""The `twin` command. Other packages add theirs by the entry point group `twin.commands`."""
