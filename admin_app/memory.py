"""Memory that goes back to the system once it is free."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

#: M_MMAP_THRESHOLD of mallopt(3).
_MMAP_THRESHOLD: Final = -3
#: Blocks from here on are taken from the system, and given back, one by one.
BIG_BLOCK: Final = 256 * 1024


def release_big_blocks() -> None:
    """Let glibc give every big block back as soon as it is free.

    A password hash works in 19 MB. After the first one glibc would take such blocks for usual and keep the memory, in
    each process and for good. Elsewhere than on Linux with glibc this does nothing.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_MMAP_THRESHOLD, BIG_BLOCK)
