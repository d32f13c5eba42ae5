# SPDX-License-Identifier: GPL-2.0
"""
Rows of what exists, then lines of what happens, without a gap and without a
double. The table that follows from them alone is compared with /proc/net/tcp.
"""

from snapshot.moving import UnderLoad
from snapshot.still import Still
from snapshot.tables import Empty, Middle

CASES = [Still, UnderLoad, Empty, Middle]
