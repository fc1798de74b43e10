"""What the compiled loops allow the compiler to do with floating-point numbers."""

from __future__ import annotations

SAFE = {"contract", "reassoc", "nsz", "arcp"}  # reordered sums vectorise; NaN and infinity keep their meaning
