"""The machine-readable record of a run: schema-1 JSON, complete enough to rebuild every page from it."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from typing import Any, TypeVar

import jsonschema
import numpy as np

from rates.report.described import describe
from rates.report.pages import describe_pages
from rates.report.views import Report, report_view
from rates.result import ClaimRun, ControlResult, Outcome, Past, Point, Result, Run

SCHEMA = 1
Judged = TypeVar("Judged", Result, ControlResult, Past)


class ReportError(ValueError):
    """A report that cannot be written or read; the message is one sentence."""


def to_json(run: Run) -> dict[str, Any]:
    """Return the schema-1 document of a run, plus what the pages show.

    ReportError where a number is not finite, which JSON cannot say and which is never a pass, and where a
    claim appears twice.
    """
    repeated = [address for address, times in Counter(c.address for c in run.claims).items() if times > 1]
    if repeated:
        raise ReportError(f"the claim {repeated[0]} appears twice in one run; results are keyed by claim")
    document = {
        "schema": SCHEMA,
        "environment": _plain(run.environment),
        "results": [_result(result, claim) for claim in run.claims for result in claim.results],
        "claims": {claim.address: str(claim.outcome) for claim in run.claims},
        "exit_code": int(run.exit_code),
        "profile": run.profile,
        "seed": int(run.seed),
        "device": run.device,
        "seconds": float(run.seconds),
        "catalogue": {claim.address: describe(claim.claim, claim.results) for claim in run.claims},
    }
    history = {claim.address: [_past(past) for past in claim.history] for claim in run.claims if claim.history}
    if history:
        document["history"] = history
    pages = describe_pages(run)
    if pages:
        document["pages"] = pages
    validate(document)
    return document


def from_json(document: Mapping[str, Any]) -> Report:
    """Return the view that pages are made of, from a document alone: neither store nor catalogue is needed."""
    validate(document)
    return report_view(document)


def validate(document: Any) -> None:
    """Raise ReportError with the first place where a document leaves schema 1."""
    _require_finite(document, "the document")
    if isinstance(document, Mapping) and document.get("schema", SCHEMA) != SCHEMA:
        newer = isinstance(document["schema"], int) and document["schema"] > SCHEMA
        advice = "read it with the version that wrote it" if newer else "make it again with rates check"
        raise ReportError(f"not a schema-{SCHEMA} result document: its schema is {document['schema']!r}; {advice}")
    errors = sorted(_validator().iter_errors(document), key=lambda error: (len(error.absolute_path), error.json_path))
    if errors:
        first = errors[0]
        message = first.message if len(first.message) < 200 else f"{first.message[:200]} …"
        raise ReportError(f"not a schema-{SCHEMA} result document: {_place(document, first)}: {message}")
    unknown = sorted(document["claims"].keys() - document["catalogue"].keys())
    if unknown:
        raise ReportError(f"not a schema-{SCHEMA} result document: its catalogue has no entry for {unknown[0]}")


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the document."""
    text = resources.files("rates.report").joinpath("schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@lru_cache(maxsize=1)
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema())


def _place(document: Any, error: jsonschema.ValidationError) -> str:
    """Say where an error is: for a result by its claim and comparison, which people can find."""
    path = list(error.absolute_path)
    if len(path) > 1 and path[0] == "results":
        row = document["results"][path[1]]
        if isinstance(row, Mapping):
            return f"{row.get('claim')} {row.get('comparison')} {row.get('quantity')}, {error.json_path}"
    return error.json_path


def _require_finite(value: Any, place: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ReportError(f"{place} is {value}: a result must be a finite number")
    if isinstance(value, Mapping):
        for name, item in value.items():
            _require_finite(item, f"{name} of {_owner(value, place)}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _require_finite(item, f"entry {index} of {place}")


def _owner(value: Mapping[str, Any], place: str) -> str:
    return f"{value['claim']} {value['comparison']} {value.get('quantity', '')}" if "comparison" in value and (
        "claim" in value
    ) else place  # fmt: skip


def _result(result: Result, owner: ClaimRun) -> dict[str, Any]:
    result = _reportable(result)
    shapes = _law_values(result, owner)
    return {
        "claim": owner.address,
        "case": _plain(result.case),
        "comparison": str(result.comparison),
        "quantity": str(result.quantity),
        "direction": str(result.direction),
        "form": str(result.form),
        "outcome": str(result.outcome),
        "predicted": _number(result.predicted),
        "estimate": _number(result.estimate),
        "interval": _interval(result.interval),
        "margin": float(result.margin),
        "alpha": float(result.alpha),
        "replicates": int(result.replicates),
        "points": [_point(point, shape) for point, shape in zip(result.points, shapes, strict=True)],
        "seconds": float(result.seconds),
        "device": result.device,
        "dtype": result.dtype,
        "seed": int(result.seed),
        "reason": result.reason,
        "reproduce": result.reproduce,
        "controls": [_control(control) for control in result.controls],
        "notes": list(result.notes),
        "local_slopes": [float(slope) for slope in result.local_slopes],
        "faster": _number(result.faster),
        "parts_off": {name: float(value) for name, value in (result.parts_off or {}).items()},
    }


def _reportable(found: Judged) -> Judged:
    """Drop what is not a number from an error, whose reason says it; in any other outcome NaN stays and is refused."""
    if found.outcome is not Outcome.ERROR:
        return found
    blank: dict[str, Any] = {name: None for name in ("estimate", "predicted") if not _finite(getattr(found, name))}
    if found.interval is not None and any(math.isnan(end) for end in found.interval):
        blank["interval"] = None
    if isinstance(found, Result):
        kept = [p for p in found.points if all(_finite(v) for v in (p.mean, p.standard_error, p.curve))]
        blank |= {"points": tuple(kept), "local_slopes": tuple(v for v in found.local_slopes if _finite(v))}
    return replace(found, **blank)


def _finite(value: float | None) -> bool:
    return value is None or math.isfinite(value)


def _point(point: Point, shape: float | None) -> dict[str, Any]:
    return {
        "x": float(point.x),
        "mean": float(point.mean),
        "standard_error": _number(point.standard_error),
        "curve": _number(point.curve),
        "parts": {name: float(value) for name, value in point.parts.items()},
        "law": shape,
    }


def _control(control: ControlResult) -> dict[str, Any]:
    control = _reportable(control)
    return {
        "name": control.name,
        "expected": str(control.expected),
        "outcome": str(control.outcome),
        "comparison": str(control.comparison),
        "quantity": str(control.quantity),
        "estimate": _number(control.estimate),
        "reason": control.reason,
        "interval": _interval(control.interval),
        "predicted": _number(control.predicted),
        "replicates": int(control.replicates),
        "seconds": float(control.seconds),
        "as_expected": bool(control.as_expected),
    }


def _past(past: Past) -> dict[str, Any]:
    past = _reportable(past)
    return {
        "created": float(past.created),
        "commit": past.commit,
        "dirty": bool(past.dirty),
        "profile": past.profile,
        "seed": int(past.seed),
        "device": past.device,
        "outcome": str(past.outcome),
        "case": past.case,
        "comparison": str(past.comparison),
        "quantity": str(past.quantity),
        "predicted": _number(past.predicted),
        "estimate": _number(past.estimate),
        "interval": _interval(past.interval),
        "margin": float(past.margin),
    }


def _law_values(result: Result, owner: ClaimRun) -> list[float | None]:
    """Return the law's shape at the points, None where it has no positive value to draw."""
    blank: list[float | None] = [None] * len(result.points)
    if owner.claim is None or not result.points:
        return blank
    x = np.array([point.x for point in result.points], dtype=float)
    try:
        with np.errstate(all="ignore"):
            shape = owner.claim.law.shape(x, owner.claim.formula_parameters(result.case))
    except (ValueError, TypeError, ArithmeticError):  # an invalid case: the reason says so, there is no line to draw
        return blank
    return [float(value) if np.isfinite(value) and value > 0 else None for value in shape]


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _interval(interval: tuple[float, float] | None) -> list[float | None] | None:
    """Return both ends; an end at infinity (a one-sided statement) is null, NaN stays and is refused."""
    if interval is None:
        return None
    low, high = (float(end) for end in interval)
    return [None if low == -math.inf else low, None if high == math.inf else high]


def _plain(value: Any) -> Any:
    """Return JSON types: exact fractions and paths become text, numpy scalars become numbers."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return str(value)
