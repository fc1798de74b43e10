"""Which claim runs next, and with what seed: both follow from names and counts alone, so that a study can go on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """Where a claim stands: its runs, those under way among them, and the seconds that one takes."""

    claim: str
    random: bool
    runs: int
    cost: float


def root_seed(study: str, run: int) -> int:
    """Return the root seed, 48 bits, of a run: the same for every claim, since streams are named by claim and case."""
    return int.from_bytes(hashlib.blake2b(f"{study}\x1f{run}".encode(), digest_size=6).digest(), "little")


def next_claim(standings: Iterable[Standing], at_least: int, most: int | None = None) -> str | None:
    """Return the claim to run next, None when all have `most` runs.

    Each gets `at_least` runs first, in turns and the cheapest first. After that time is shared in inverse
    proportion to what a run costs, runs in proportion to its square. A claim without randomness runs once.
    """
    rows = [s for s in standings if s.runs < (most if most is not None else s.runs + 1)]
    short = [s for s in rows if s.runs < (at_least if s.random else 1)]
    if short:
        return min(short, key=lambda s: (s.runs, s.cost, s.claim)).claim
    rest = [s for s in rows if s.random]
    return min(rest, key=lambda s: (s.runs * max(s.cost, 1e-3) ** 2, s.claim)).claim if rest else None
