"""Words, kinds and numbers of a claim, checked where they are written down: one sentence with what would be right."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Collection
from enum import StrEnum
from numbers import Real
from typing import Any


class Word(StrEnum):
    """An enumeration whose ValueError for an unknown word lists the known ones."""

    @classmethod
    def _missing_(cls, value: object) -> None:
        one_of(cls.__name__.lower(), value, [str(word) for word in cls])


def one_of(what: str, value: object, known: Collection[str]) -> None:
    """Raise ValueError unless the value is a known word."""
    if value not in known:
        raise ValueError(f"unknown {what} {value!r}: use {', '.join(known)}")


def instance(what: str, value: object, kind: type) -> None:
    """Raise ValueError unless the value is of this kind."""
    if not isinstance(value, kind):
        raise ValueError(f"{what} must be of type {kind.__name__}, got {reprlib.repr(value)}")


def several(what: str, values: Any, kind: type) -> tuple[Any, ...]:
    """Return the values as a tuple; ValueError unless each is of this kind."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise ValueError(f"{what} must be a tuple, got {reprlib.repr(values)}")
    found = tuple(values)
    for value in found:
        instance(f"each of {what}", value, kind)
    return found


def size(what: str, value: object) -> None:
    """Raise ValueError unless the value is a finite number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < math.inf:
        raise ValueError(f"{what} must be a finite number from 0 on, got {value!r}")
