"""What a comparison came to: one row a claim, case and quantity, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class CompareError(ValueError):
    """Two sides cannot be compared; the message is one sentence."""


class GitError(CompareError):
    """Git is not there or refuses a repository; the message quotes its reason and says what to do."""


class Change(StrEnum):
    """What became of a quantity between base and head; `new` and `gone` are on one side only."""

    REGRESSED = "regressed"
    INCONCLUSIVE = "inconclusive"
    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    NEW = "new"
    GONE = "gone"


WORST_FIRST = tuple(Change)
ONE_SIDED = (Change.NEW, Change.GONE)
DECIDED = (Change.REGRESSED, Change.IMPROVED)
MEASURED = ("values", "slope", "level", "bound")


@dataclass(frozen=True)
class Row:
    """One quantity of one case of a claim, compared.

    `quantity`: "slope", "level" (the constant) or "bound" of what was measured; "values", the measurements replicate by
    replicate; "curve", the exact curve's values; "limit slope" and "limit level", what it tends to; "law", the
    prediction; "outcome", what the claim itself came to. `against` is what tells better from worse: the curve, the law
    or nothing. `interval` and `p_value` are those of the difference head − base, the interval at `level`, Holm's.
    `identical`: values or a curve, and the same to the last bit.
    """

    claim: str
    case: str
    quantity: str
    change: Change
    reason: str
    against: str = ""
    base: float | None = None
    head: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    p_value: float | None = None
    level: float | None = None
    tolerance: float | None = None
    paired: bool = False
    correlation: float | None = None
    replicates: int = 0
    identical: bool = False


@dataclass(frozen=True)
class Origin:
    """What stood on one side: its name as given, the commit where it is known, and how it was measured."""

    name: str
    commit: str | None
    dirty: bool | None
    profile: str
    seed: int
    device: str


@dataclass(frozen=True)
class Changes:
    """Everything that changed between two sides, and everything that was found not to have.

    `family` is the number of tests that share the family-wise `level`. `notes` say what a reader should know beside
    the rows: replicates left out, margins that were widened.
    """

    base: Origin
    head: Origin
    rows: tuple[Row, ...]
    level: float
    family: int = 0
    notes: tuple[str, ...] = field(default=())
    seconds: float = 0.0

    @property
    def claims(self) -> Mapping[str, Change]:
        """The worst change of every claim: regressed, inconclusive, improved, unchanged, new, gone."""
        addresses = dict.fromkeys(row.claim for row in self.rows)
        return {claim: worst(row.change for row in self.rows if row.claim == claim) for claim in addresses}

    @property
    def counts(self) -> Mapping[Change, int]:
        """Number of claims by change, worst first, changes that occur only."""
        found = list(self.claims.values())
        return {change: found.count(change) for change in WORST_FIRST if change in found}

    @property
    def exit_code(self) -> int:
        """0 nothing got worse, 1 regressed, 3 inconclusive."""
        found = set(self.claims.values())
        return 1 if Change.REGRESSED in found else 3 if Change.INCONCLUSIVE in found else 0


def worst(changes: Iterable[Change]) -> Change:
    """Return the change that stands for several of them."""
    return min(changes, key=WORST_FIRST.index)
