"""The spaces that most claims of this chapter speak of."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dltheory.gamma_smooth.space import GammaSpace, Kind


@lru_cache(maxsize=32)
def power_space(kind: Kind, q: float, scale: float = 1.0) -> GammaSpace:
    """Return the space with a_i = scale · i^q and p = 2."""
    from dltheory.gamma_smooth.space import GammaSpace
    from dltheory.gamma_smooth.weights import PowerWeights

    return GammaSpace(PowerWeights(q, scale), kind)
