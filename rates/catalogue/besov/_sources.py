"""The papers of this chapter, cited by statement and by how the statement is known."""

from __future__ import annotations

from typing import Literal

from rates.claim import Source

derived = Source.derived

Evidence = Literal["read", "restated", "recalled"]


def anisotropic(statement: str, evidence: Evidence = "restated") -> Source:
    """Return the citation of a statement of the paper on anisotropic Besov spaces."""
    return Source(
        authors="Taiji Suzuki, Atsushi Nitanda",
        title="Deep learning is adaptive to intrinsic dimensionality of model smoothness in anisotropic Besov space",
        venue="NeurIPS", year=2021, statement=statement, evidence=evidence, url="https://arxiv.org/abs/1910.12799",
    )  # fmt: skip


def mixed(statement: str, evidence: Evidence = "restated") -> Source:
    """Return the citation of a statement of the paper on Besov and mixed smooth Besov spaces."""
    return Source(
        authors="Taiji Suzuki",
        title="Adaptivity of deep ReLU network for learning in Besov and mixed smooth Besov spaces: optimal rate and"
        " curse of dimensionality",
        venue="ICLR", year=2019, statement=statement, evidence=evidence, url="https://arxiv.org/abs/1810.08033",
    )  # fmt: skip


def sparse(statement: str, evidence: Evidence = "restated") -> Source:
    """Return the citation of a statement of the paper on sparse parameter spaces."""
    return Source(
        authors="Satoshi Hayakawa, Taiji Suzuki",
        title="On the minimax optimality and superiority of deep neural network learning over sparse parameter spaces",
        venue="Neural Networks", year=2020, statement=statement, evidence=evidence,
        url="https://arxiv.org/abs/1905.09195",
    )  # fmt: skip


def manifold(statement: str, evidence: Evidence = "restated") -> Source:
    """Return the citation of a statement of the paper on data of low intrinsic dimension."""
    return Source(
        authors="Ryumei Nakada, Masaaki Imaizumi",
        title="Adaptive approximation and generalization of deep neural network with intrinsic dimensionality",
        venue="JMLR", year=2020, statement=statement, evidence=evidence, url="https://arxiv.org/abs/1907.02177",
    )  # fmt: skip
