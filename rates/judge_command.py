"""`rates judge`: a CSV file in, a decision out."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import pandas as pd
from rich.text import Text

from rates.claim import LEVELS
from rates.environment import describe
from rates.expression import exact
from rates.judge import DataError, judge
from rates.law import Law
from rates.report.wording import GLYPHS, brief, interval, number, prose
from rates.result import ClaimRun, Outcome, Result, Run
from rates.settings import SettingsError
from rates.terminal import Terminal

_DEFAULTS: Mapping[str, Any] = {"direction": "sharp", "quantity": "slope", "margin": 0.1, "alpha": LEVELS["quick"]}
_OPTIONS = {"curve_column": "--curve-column", "numerical_error": "--error"}


def judge_file(data: Path, law: str, *, parameters: Mapping[str, str], **given: Any) -> Result:
    """Return `judge` of a CSV file, with the command that repeats it; DataError where there is no table in it."""
    for name, value in parameters.items():
        _require_number(name, value)
    unknown = sorted(set(parameters) - Law.power("x", law).parameters)
    if unknown:
        raise SettingsError(f"--set {unknown[0]}: the law {law} has no parameter of that name")
    return judge(_frame(data), law, parameters=parameters, reproduce=_command(data, law, parameters, given), **given)


def print_result(result: Result, stream: TextIO) -> None:
    """Print the decision, its numbers, and what a reader should know beside them."""
    console = Terminal(file=stream, highlight=False)
    console.print(Text(f"{GLYPHS[result.outcome]} {result.outcome}"), style="bold")
    console.print(Text(f"  {prose(result.reason)}"), soft_wrap=True)
    rows = {
        "law": result.claim.removeprefix("judge "), "predicted": number(result.predicted, result.margin),
        "estimate": number(result.estimate, result.margin), "interval": interval(result.interval, result.margin),
        "margin": brief(result.margin), "level": brief(result.alpha), "replicates": str(result.replicates),
    }  # fmt: skip
    for name, value in rows.items():
        console.print(Text(f"  {name:<11}{value}"), soft_wrap=True)
    for note in result.notes:
        console.print(Text(f"  note: {prose(note)}"), soft_wrap=True)


def as_run(result: Result) -> Run:
    """Return a result as a run of one claim, for JSON and exit codes; what could not be judged is inconclusive."""
    outcome = Outcome.INCONCLUSIVE if result.outcome is Outcome.PRE_ASYMPTOTIC else result.outcome
    return Run((ClaimRun(result.claim, None, outcome, (result,)),), describe(), "quick", 0, "cpu")


def _frame(data: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(data, skipinitialspace=True).rename(columns=str.strip)
    except FileNotFoundError:
        raise DataError(f"there is no file {data}") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{data} is not a CSV table: {error}") from error
    except OSError as error:
        raise DataError(f"{data} cannot be read: {(error.strerror or str(error)).lower()}") from error


def _require_number(name: str, value: str) -> None:
    try:
        exact(value)
    except ValueError:
        raise SettingsError(f"--set {name}={value}: a number was expected") from None


def _command(data: Path, law: str, parameters: Mapping[str, str], given: Mapping[str, Any]) -> str:
    words = ["rates", "judge", data.name, f"--law={law}"]
    words += [f"--set={name}={value}" for name, value in parameters.items()]
    changed = {name: value for name, value in given.items() if value is not None and value != _DEFAULTS.get(name)}
    words += [f"{_OPTIONS.get(name, f'--{name}')}={value}" for name, value in changed.items()]
    return shlex.join(words)
