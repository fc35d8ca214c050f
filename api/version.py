# SPDX-License-Identifier: Apache-2.0
"""Which release this is."""

from importlib.metadata import version
from typing import Final

VERSION: Final = version("blocktwin")
