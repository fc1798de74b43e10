"""Defaults of the commands, from `[tool.rates]` in the nearest pyproject.toml."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

DEFAULT_STORE = ".rates/measurements.sqlite"
_MOST_JOBS = 8  # a worker loads the numerical libraries: about 150 MB each


class SettingsError(ValueError):
    """A pyproject.toml or an option that cannot be used; the message is one sentence."""


def cores() -> int:
    """Return how many workers to start unless told: the cores that this process may use, eight at most."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, _MOST_JOBS)


@dataclass(frozen=True)
class Settings:
    """What the commands do unless an option says otherwise; budget and timeout in seconds, 0 jobs for one a core."""

    profile: str = "quick"
    device: str = "cpu"
    engine: str = "processes"
    jobs: int = 0
    budget: float | None = None
    timeout: float = 600.0
    seed: str = "0"
    controls: bool = True
    family_level: float | None = None
    out: str = "reports/latest"
    store: str = DEFAULT_STORE


_NUMBER = (int, float)
_TYPES: dict[str, tuple[type, ...]] = {
    "jobs": (int,), "budget": _NUMBER, "timeout": _NUMBER, "seed": (int, str), "controls": (bool,),
    "family_level": _NUMBER,
}  # fmt: skip


def load(folder: Path | None = None) -> Settings:
    """Return the defaults for a working folder; SettingsError names the file and the entry that is wrong.

    Entries are the options' names, `family-level = 0.001`; paths are relative to the file.
    """
    start = (folder or Path.cwd()).resolve()
    file = next((d / "pyproject.toml" for d in (start, *start.parents) if (d / "pyproject.toml").is_file()), None)
    return Settings() if file is None else _read(file, start)


def nearest(word: str, known: list[str]) -> str:
    """Return the hint of an error message: the nearest known word, or all of them."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else f"use {', '.join(known)}"


def _read(file: Path, start: Path) -> Settings:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("rates", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file.name} cannot be read: {error}") from error
    if not isinstance(table, dict):
        raise SettingsError(f"{file.name}: [tool.rates] must be a table")
    known = [field.name.replace("_", "-") for field in fields(Settings)]
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise SettingsError(f"{file.name}: [tool.rates] has no entry {key!r}; {nearest(key, known)}")
        name = key.replace("-", "_")
        types = _TYPES.get(name, (str,))
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            wanted = " or ".join(t.__name__ for t in types)
            raise SettingsError(f"{file.name}: [tool.rates] {key} = {value!r} is not of type {wanted}")
        values[name] = value
    if "seed" in values:
        values["seed"] = str(values["seed"])
    found = replace(Settings(), **values)
    # A report belongs to the project and not to the folder that one happens to stand in.
    return replace(found, out=_placed("out", values, file, start), store=_placed("store", values, file, start))


def _placed(name: str, values: Mapping[str, Any], file: Path, start: Path) -> str:
    if name not in values:
        return str(getattr(Settings, name))
    path = file.parent / values[name]
    return str(path.relative_to(start)) if path.is_relative_to(start) else str(path)
