"""The papers of this chapter, cited by statement and by how the statement is known."""

from __future__ import annotations

from typing import Literal

from rates.claim import Source

derived = Source.derived

Evidence = Literal["read", "restated", "recalled"]


def dual_averaging(statement: str, evidence: Evidence = "restated") -> Source:
    """Return the citation of a statement of the paper on particle dual averaging."""
    return Source(
        authors="Atsushi Nitanda, Denny Wu, Taiji Suzuki",
        title="Particle Dual Averaging: Optimization of Mean Field Neural Networks with Global Convergence"
        " Rate Analysis",
        venue="NeurIPS", year=2021, statement=statement, evidence=evidence, url="https://arxiv.org/abs/2012.15477",
    )  # fmt: skip


def dual_coordinate_ascent(statement: str, evidence: Evidence = "restated") -> Source:
    """Return the citation of a statement of the paper on particle stochastic dual coordinate ascent."""
    return Source(
        authors="Kazusato Oko, Taiji Suzuki, Atsushi Nitanda, Denny Wu",
        title="Particle Stochastic Dual Coordinate Ascent: Exponential Convergent Algorithm for Mean Field Neural"
        " Network Optimization",
        venue="ICLR", year=2022, statement=statement, evidence=evidence,
        url="https://openreview.net/forum?id=PQQp7AJwz3",
    )  # fmt: skip


def langevin(statement: str, evidence: Evidence = "restated") -> Source:
    """Return the citation of a statement of the paper on mean-field Langevin dynamics."""
    return Source(
        authors="Atsushi Nitanda, Denny Wu, Taiji Suzuki",
        title="Convex Analysis of the Mean Field Langevin Dynamics",
        venue="AISTATS", year=2022, statement=statement, evidence=evidence, url="https://arxiv.org/abs/2201.10469",
    )  # fmt: skip
