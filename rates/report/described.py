"""A claim as plain data: everything a page says about the theorem, so that pages need no catalogue module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rates.claim import Check, Claim, Condition, Control, case_label
from rates.law import Law
from rates.result import Result


def describe(claim: Claim | None, results: Iterable[Result] = ()) -> dict[str, Any]:
    """Return statement, law, conditions, source, legs, checks and controls of a claim as JSON types.

    A run on bare numbers has no claim: what is known then comes from its results.
    """
    if claim is None:
        return _without_claim(tuple(results))
    return {
        "name": claim.name,
        "statement": claim.statement,
        "remark": claim.remark,
        "law": _law(claim.law),
        "source": _source(claim),
        "conditions": [_condition(condition, claim) for condition in claim.conditions],
        "cases": [case_label(case) for case in claim.cases],
        "curve": claim.curve and {"statement": claim.curve.statement, "error": float(claim.curve.error)},
        "experiment": _experiment(claim, tuple(results)),
        "checks": [_check(check) for check in claim.checks],
        "controls": [_control(control) for control in claim.controls],
    }


def _law(law: Law) -> dict[str, Any]:
    return {
        "form": str(law.form),
        "direction": str(law.direction),
        "variable": law.variable,
        "semilog": law.semilog,
        "has_constant": law.constant is not None,
        "text": str(law),
        "tex": law.tex,
        "mathml": law.mathml,
    }


def _experiment(claim: Claim, results: tuple[Result, ...]) -> dict[str, Any] | None:
    experiment = claim.experiment
    if experiment is None:
        return None
    described: dict[str, Any] = {
        "x": list(experiment.x),
        "axis": experiment.axis,
        "estimand": experiment.estimand,
        "numerical_error": experiment.numerical_error,
        "deterministic": experiment.deterministic,
        "dtype": experiment.dtype,
    }
    known = _control_means(claim, results)
    return described | ({"control_mean": known} if known else {})


def _control_means(claim: Claim, results: tuple[Result, ...]) -> dict[str, list[float]]:
    """Return the exact mean of the control variate at every x, by case label as in the files of values.

    Left out where `--set` may have turned a knob that the mean depends on, and where it cannot be computed: the
    engine has said so already.
    """
    experiment = claim.experiment
    found: dict[str, list[float]] = {}
    if experiment is None or experiment.control_mean is None:
        return {}
    for result in results:
        label = case_label(result.case)
        turned = "--set" in result.reproduce or "settings=" in result.reproduce
        if label in found or not result.points or turned:
            continue
        try:
            mean = experiment.known_mean(np.array(experiment.x), claim.parameters(result.case))
        except Exception:  # the claim's own function
            continue
        if mean is not None:
            found[label] = [float(value) for value in mean]
    return found


def _source(claim: Claim) -> dict[str, Any]:
    source = claim.source
    return {
        "authors": source.authors,
        "title": source.title,
        "venue": source.venue,
        "year": source.year,
        "statement": source.statement,
        "evidence": source.evidence,
        "url": source.url,
        "bibtex": source.bibtex,
    }


def _condition(condition: Condition, claim: Claim) -> dict[str, Any]:
    """Return the relation and, for every case that breaks it, the values that do."""
    broken = []
    for case in claim.cases:
        parameters = claim.formula_parameters(case)
        try:
            if not condition.holds(parameters):
                broken.append({"case": case_label(case), "given": condition.given(parameters)})
        except (ValueError, TypeError, KeyError):  # a parameter without a value: the engine reports that itself
            continue
    return {
        "relation": condition.text,
        "required": condition.required,
        "why": condition.why,
        "broken": broken,
    }


def _check(check: Check) -> dict[str, Any]:
    margin = check.margin
    return {
        "comparison": str(check.comparison),
        "quantity": str(check.quantity),
        "tolerance": float(margin.tolerance),
        "bias": float(margin.bias),
        "note": margin.note,
        "only": check.only,
        "profile": check.profile,
        "undecidable": check.undecidable,
    }


def _control(control: Control) -> dict[str, Any]:
    return {
        "name": control.name,
        "set": {name: _setting(value) for name, value in control.set.items()},
        "comparison": str(control.comparison),
        "quantity": str(control.quantity),
        "expect": control.expect,
        "predicted": None if control.predicted is None else float(control.predicted),
        "case": case_label(control.case) if control.case is not None else None,
        "why": control.why,
    }


def _setting(value: Any) -> str:
    """Return a setting as people write it; a function by its name rather than its address in memory."""
    return str(getattr(value, "__name__", value))


def _without_claim(results: tuple[Result, ...]) -> dict[str, Any]:
    first: Mapping[str, str] = (
        {"form": str(results[0].form), "direction": str(results[0].direction)}
        if results
        else {"form": "power", "direction": "sharp"}
    )
    law = {"variable": "x", "semilog": first["form"] == "exponential", "has_constant": False,
           "text": results[0].claim if results else "", "tex": "", "mathml": ""}  # fmt: skip
    source = dict.fromkeys(("authors", "title", "venue", "statement", "url", "bibtex"), "")
    return {
        "name": results[0].claim if results else "", "statement": "", "remark": "", "law": {**first, **law},
        "source": {**source, "year": None, "evidence": "derived"}, "conditions": [], "cases": [], "curve": None,
        "experiment": None, "checks": [], "controls": [],
    }  # fmt: skip
