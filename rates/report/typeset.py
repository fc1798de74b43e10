"""Text as people type formulas, set as mathematics: T^(-2r/(2r+1)) gets a raised exponent, Λ_k an index."""

from __future__ import annotations

import re

from markupsafe import Markup

from rates.report.wording import operators, prose, relation, sentence

_POWER = re.compile(r"\^(?:\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)|\{([^{}]*)\}|([-−+]?(?:\d+(?:/\d+)?|\w)))")
_INDEX = re.compile(r"(?<![^\W\d])([^\W\d_])_(?:\{([^{}]*)\}|(\w{1,3})\b)")


def typeset(text: str) -> Markup:
    """Return prose as safe HTML with its powers and one-letter indices set; everything else stays as typed."""
    return _set(sentence(operators(text)))


def formula(text: str) -> Markup:
    """Return a relation as safe HTML: r ≥ 1/2, with its powers raised."""
    return _set(relation(text))


def raised(text: str) -> Markup:
    """Return a name or a clause as safe HTML, with its powers raised and no full stop."""
    return _set(operators(prose(text)))


def _set(text: str) -> Markup:
    escaped = str(Markup.escape(text))
    powers = _POWER.sub(lambda m: f"<sup>{(m[1] or m[2] or m[3] or '').replace('-', '−')}</sup>", escaped)
    return Markup(_INDEX.sub(lambda m: f"{m[1]}<sub>{m[2] or m[3]}</sub>", powers))
