"""The paper of this chapter, cited by statement and by how the statement is known."""

from __future__ import annotations

from typing import Literal

from rates.claim import Source

derived = Source.derived


def paper(statement: str, evidence: Literal["read", "restated", "recalled"] = "read") -> Source:
    """Return the citation of a statement of the paper on infinite-dimensional input."""
    return Source(
        authors="Sho Okumoto, Taiji Suzuki",
        title="Learnability of convolutional neural networks for infinite dimensional input via mixed and anisotropic"
        " smoothness",
        venue="ICLR", year=2022, statement=statement, evidence=evidence,
        url="https://openreview.net/forum?id=dgxFTxuJ50e",
    )  # fmt: skip
