"""What a command was asked for: options over defaults, checked before anything runs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rates.check import seed_from
from rates.claim import PROFILES
from rates.plan import Options
from rates.settings import SettingsError, load, nearest


def options(
    profile: str | None, settings: list[str] | None, device: str | None = None, seed: str | None = None,
    controls: bool | None = None, budget: float | None = None, family_level: float | None = None,
    timeout: float | None = None, case: str | None = None, *, prefix: str = "--",
) -> Options:  # fmt: skip
    """Return the options of a run: what was given, and the project's defaults for the rest.

    `prefix` is what the names of profile, device and seed begin with, where a message has to name them.
    """
    defaults = load()
    wanted_profile = given(f"{prefix}profile", profile, defaults.profile)
    wanted_seed = given(f"{prefix}seed", seed, defaults.seed)
    level = family_level if family_level is not None else defaults.family_level
    if level is not None and not 0 < level < 0.5:
        raise SettingsError(f"--family-level {level:g}: a number between 0 and 0.5 was expected")
    seconds = budget if budget is not None else defaults.budget
    if seconds is not None and not seconds > 0:
        raise SettingsError(f"--budget {seconds:g}: a positive number of seconds was expected")
    patience = timeout if timeout is not None else defaults.timeout
    if not patience > 0:
        raise SettingsError(f"--timeout {patience:g}: a positive number of seconds was expected")
    return Options(
        profile=choice(f"{prefix}profile", wanted_profile, list(PROFILES)), settings=pairs(settings),
        device=given(f"{prefix}device", device, defaults.device),
        seed=seed_from(wanted_seed, f"{prefix}seed"),
        controls=defaults.controls if controls is None else controls,
        budget=seconds, family_level=level, timeout=patience, case=case,
    )  # fmt: skip


def given(option: str, value: str | None, default: str) -> str:
    """Return what an option says, the default without it; an empty text (a variable that is not set?) is neither."""
    if value is None:
        return default
    if not value.strip():
        raise SettingsError(f"{option} is empty: give a value, or leave the option out")
    return value


def choice(option: str, value: str, known: list[str]) -> str:
    """Return the value if it is known; SettingsError suggests the nearest."""
    if value not in known and not value.startswith("dask"):  # the engine itself says what is to come
        raise SettingsError(f"{option} {value}: {nearest(value, known)}")
    return value


def pairs(settings: list[str] | None) -> dict[str, str]:
    """Return `NAME=VALUE` texts as a mapping."""
    found: dict[str, str] = {}
    for text in settings or []:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise SettingsError(f"--set {text}: NAME=VALUE was expected")
        found[name] = value
    return found


def require_writable(folder: str | None, json_file: str | None) -> None:
    """Refuse before anything is measured what could not be written after it."""
    places = [Path(folder)] if folder is not None else []
    if json_file is not None and given("--json", json_file, "") != "-":
        if Path(json_file).is_dir():
            raise SettingsError(f"{json_file} is a folder: give a file")
        places.append(Path(json_file).parent)
    for place in places:
        try:
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                pass
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise SettingsError(f"nothing can be written to {place}: {reason}; choose another folder") from error
