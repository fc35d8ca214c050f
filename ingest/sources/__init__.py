# SPDX-License-Identifier: Apache-2.0
"""One file a source; its stem is the KIND of `twin ingest KIND PATH`."""
