"""Words and numbers of the reports: real minus signs, sensible digits, outcomes that need no colour."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rates.result import Outcome

GLYPHS: Mapping[Outcome, str] = {
    Outcome.CONSISTENT: "✓", Outcome.REFUTED: "✗", Outcome.INCONCLUSIVE: "?", Outcome.INVALID: "⊘",
    Outcome.ERROR: "!", Outcome.PRE_ASYMPTOTIC: "…", Outcome.UNDECIDABLE: "–",
}  # fmt: skip
MEANINGS: Mapping[Outcome, str] = {
    Outcome.CONSISTENT: "the interval lies within the margin, and every control was told apart",
    Outcome.REFUTED: "the interval lies outside the margin",
    Outcome.INCONCLUSIVE: "the interval straddles the margin, or a control could not be told apart; never a pass",
    Outcome.INVALID: "a condition without which the formula is wrong does not hold",
    Outcome.ERROR: "something could not be run",
    Outcome.PRE_ASYMPTOTIC: "not judged: on this window the curve itself has not reached the law",
    Outcome.UNDECIDABLE: "not judged: no reachable size can decide it",
}
DIRECTIONS: Mapping[str, str] = {
    "sharp": "sharp: equality of rates, tested from both sides",
    "upper": "upper bound: the signed slope is at most the law’s; faster decay or slower growth is consistent",
    "lower": "lower bound: the signed slope is at least the law’s; slower decay or faster growth is consistent",
}
FORMS: Mapping[str, str] = {
    "power": "power law, log–log axes", "exponential": "exponential law, semi-log axes",
    "plateau": "plateau: a limit", "identity": "identity: equality up to a stated numerical error",
    "separation": "separation: a paired difference of two slopes",
}  # fmt: skip
KINDS: Mapping[str, str] = {
    "power": "power law", "exponential": "exponential", "plateau": "plateau", "identity": "identity",
    "separation": "separation", "sharp": "sharp", "upper": "upper bound", "lower": "lower bound",
    "statistical": "statistical", "deterministic": "deterministic", "curve-only": "curve only",
}  # fmt: skip
COMPARISONS: Mapping[str, str] = {
    "curve-law": "curve → law", "experiment-curve": "experiment → curve", "experiment-law": "experiment → law",
}  # fmt: skip
EVIDENCE: Mapping[str, str] = {
    "read": "read in the paper", "restated": "restated by a later paper",
    "derived": "derived here and checked numerically", "recalled": "recalled without the text at hand",
}  # fmt: skip
EXPECTATIONS: Mapping[str, str] = {
    "refuted": "must be refuted", "consistent": "allowed: must stay consistent",
    "invalid": "must come out invalid", "faster": "must be faster than guaranteed",
}  # fmt: skip
DASH = "–"
_SUPERSCRIPTS = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
_PLAIN = str.maketrans(_SUPERSCRIPTS, "-0123456789")
_LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "kappa": "κ",
    "mu": "μ", "nu": "ν", "rho": "ρ", "sigma": "σ", "tau": "τ", "omega": "ω",
}  # fmt: skip
_LETTER = re.compile(rf"(?<![^\W\d])({'|'.join(_LETTERS)})(?![^\W\d_])")
_FACTORS = re.compile(r"(?<=[\w)])\*(?=[\w(])")
_MINUS = re.compile(r"(?<![\w.)\]])-(?=[\d.∞])")


def number(value: float | None, margin: float | None = None) -> str:
    """Return a number with the digits that its margin makes meaningful: −0.751, 3.2 × 10⁻⁹."""
    if value is None:
        return DASH
    size = abs(value)
    if not math.isfinite(size):
        return signed(f"{value:g}").replace("inf", "∞")
    if size == 0:
        return "0"  # exact, as predictions are
    if (size < 1e-3 and (margin is None or margin < 1e-3)) or size >= 1e5:
        return scientific(value, 2 if margin else 3)
    places = 3 if not margin else min(max(3, 1 - math.floor(math.log10(margin))), 6)
    if size >= 100:
        places = 1
    text = f"{value:.{places}f}"
    return signed(text if float(text) else text.lstrip("-"))


def brief(value: float | None) -> str:
    """Return a number without trailing zeros, for margins, levels and points: 0.05, 2048, 10⁻³."""
    if value is None:
        return DASH
    if value and (abs(value) < 1e-2 or abs(value) >= 1e6):
        return scientific(value)
    return signed(f"{value:.6g}" if float(value).is_integer() else f"{value:.4g}")


def exactly(value: float) -> str:
    """Return a measured value to five digits, for tables of numbers."""
    return scientific(value, 5) if value and (abs(value) < 1e-3 or abs(value) >= 1e5) else signed(f"{value:.5g}")


def scientific(value: float, digits: int = 3) -> str:
    """Return mantissa and power of ten in Unicode: 3.2 × 10⁻⁹, and 10⁻³ where the mantissa is one."""
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    power = "10" + str(int(exponent)).translate(str.maketrans("-0123456789", _SUPERSCRIPTS))
    return power if mantissa == "1" else f"{signed(mantissa)} × {power}"


def interval(ends: Sequence[float | None] | None, margin: float | None = None) -> str:
    """Return an interval in brackets, open where it is unbounded."""
    if ends is None:
        return DASH
    low, high = ends
    left = "(−∞" if low is None else f"[{number(low, margin)}"
    right = "∞)" if high is None else f"{number(high, margin)}]"
    return f"{left}, {right}"


def signed(text: str) -> str:
    """Return the text with a real minus sign."""
    return text.replace("-", "−")


def duration(seconds: float) -> str:
    """Return a duration in the unit that fits, 0.8 s, 42 s, 3.5 min, 1.2 h; a dash where nothing was measured."""
    if seconds == 0:
        return DASH
    if seconds < 0.05:
        return "< 0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def prose(text: str) -> str:
    """Return a sentence with real minus signs before its numbers; hyphens in words stay."""
    return _MINUS.sub("−", text)


def sentence(text: str) -> str:
    """Return prose with a capital (a word, not a symbol) and a full stop, so that another sentence can follow."""
    shown = prose(text.strip())
    if re.match(r"[a-z]{2}", shown):
        shown = shown[0].upper() + shown[1:]
    return shown if not shown or shown[-1] in ".!?:;" else f"{shown}."


def relation(text: str) -> str:
    """Return a condition as it is written in mathematics: η ≤ 1/2 for eta <= 1/2."""
    return signed(letters(operators(text)))


def letters(text: str) -> str:
    """Return text with the names of Greek letters as letters."""
    return _LETTER.sub(lambda found: _LETTERS[found[0]], text)


def operators(text: str) -> str:
    """Return text with the signs of mathematics where a keyboard has none: ≤ for <=, a power, a dot between factors."""
    for typed, sign in ((">=", "≥"), ("<=", "≤"), ("**", "^")):
        text = text.replace(typed, sign)
    return _FACTORS.sub("·", text)


def parts_sentence(parts_off: Mapping[str, float]) -> str:
    """Say which part of the curve is off, from the factor that the measurement asks of each; empty without parts."""
    if not parts_off:
        return ""
    ordered = sorted(parts_off.items(), key=lambda item: -_distance(item[1]))
    asked = ", ".join(f"{name}\u00a0×\u00a0{number(value)}" for name, value in ordered)
    return f"Which part is off: mostly {ordered[0][0]}. The measurement fits the curve with {asked}."


def budget(check: Mapping[str, Any] | None) -> str:
    """Say what a margin is made of; empty where it is a bare tolerance without a note."""
    if check is None or not (check["bias"] or check["note"]):
        return ""
    note = f" ({check['note']})" if check["note"] else ""
    return f"Margin: tolerance {brief(check['tolerance'])} plus bias {brief(check['bias'])}{note}."


def revision(commit: str | None, dirty: bool) -> str:
    """Return a commit's first seven digits, with a word about uncommitted changes."""
    if not commit:
        return "no commit"
    return f"{commit[:7]}, modified" if dirty else commit[:7]


def broken(condition: Mapping[str, Any], cases: int) -> str:
    """Say in which of a claim's cases a condition does not hold, and what follows; empty where it always holds."""
    places = [str(place["given"]) for place in condition["broken"]]
    if not places:
        return ""
    everywhere = cases > 1 and len(places) == cases
    where = " in any case, for instance" if everywhere else f" in {len(places)} of {cases} cases," if cases > 1 else ""
    at = places[0] if everywhere else "; at ".join(places)
    then = "the outcome is invalid" if condition["required"] else "measured all the same"
    return f"Does not hold{where} at {prose(letters(at))}: {then}."


def settings(values: Mapping[str, Any]) -> str:
    """Return what a control changed, `average = False`."""
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def spelled(value: Any) -> str:
    """Return a value of the environment as people write it: yes, 1, openblas 0.3.30; a dash for what is not set."""
    if value is None or value == "":
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {spelled(item)}" for name, item in value.items())
    return "; ".join(spelled(item) for item in value) if isinstance(value, list | tuple) else str(value)


def ascii_only(text: str) -> str:
    """Return the text for a terminal that has no Unicode."""
    table = {"−": "-", "–": "-", "✓": "+", "✗": "x", "⊘": "/", "…": "...", "→": "->", "×": "x", "≍": "~", "∞": "inf",
             "≲": "<~", "≳": ">~", "·": "*", "“": '"', "”": '"', "’": "'", "±": "+-"}  # fmt: skip
    for old, new in table.items():
        text = text.replace(old, new)
    text = re.sub(f"[{_SUPERSCRIPTS}]+", lambda found: f"^{found.group().translate(_PLAIN)}", text)
    return text.encode("ascii", "replace").decode("ascii")


def _distance(factor: float) -> float:
    """Distance of a factor from 1, the same for twice and for half."""
    return math.inf if factor <= 0 else abs(math.log(factor))
