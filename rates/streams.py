"""Named, counter-based random streams: a number depends on names, never on the order of draws."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Stream:
    """The randomness of one replicate of one case of one claim.

    Every purpose ("data", "noise", "initialisation") has a generator of its own, keyed by a hash of
    (root seed, claim, case, replicate, purpose). x is not part of the key: runs at different x share
    their streams, so that data drawn in order are nested in n and errors are positively correlated along x.
    """

    root: int
    claim: str
    case: str
    replicate: int

    def seed(self, purpose: str) -> int:
        """Return a 128-bit key for the purpose."""
        text = "\x1f".join((str(self.root), self.claim, self.case, str(self.replicate), purpose))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")

    def numpy(self, purpose: str) -> np.random.Generator:
        """Return a fresh numpy generator (Philox) for the purpose; two calls give the same numbers."""
        return np.random.Generator(np.random.Philox(key=self.seed(purpose)))

    def torch(self, purpose: str, device: str = "cpu") -> torch.Generator:
        """Return a fresh torch generator on the device for the purpose."""
        import torch  # the one place of the engine that knows torch, and only for who asks

        generator = torch.Generator(device=device)
        generator.manual_seed(self.seed(purpose) % 2**63)
        return generator


def streams(root: int, claim: str, case: str, replicates: range) -> tuple[Stream, ...]:
    """Return the streams of consecutive replicates."""
    return tuple(Stream(root, claim, case, r) for r in replicates)
