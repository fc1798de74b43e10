"""The paper of this chapter, cited by statement and by how the statement is known."""

from __future__ import annotations

from typing import Literal

from rates.claim import Source

derived = Source.derived


def paper(statement: str, evidence: Literal["read", "restated"] = "read") -> Source:
    """Return the citation of a statement of the paper."""
    return Source(
        authors="Atsushi Nitanda, Taiji Suzuki",
        title="Optimal Rates for Averaged Stochastic Gradient Descent under Neural Tangent Kernel Regime",
        venue="ICLR",
        year=2021,
        statement=statement,
        evidence=evidence,
        url="https://arxiv.org/abs/2006.12297",
    )
