"""`rates compare`: the options of a command in, a table, files and an exit code out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rates.check import FRESH, seed_from
from rates.choices import choice, given, require_writable
from rates.claim import PROFILES
from rates.compare.changes import CompareError
from rates.compare.document import to_json
from rates.compare.run import compare, is_measured
from rates.compare.whole import Rules
from rates.compare.words import print_changes, to_markdown
from rates.environment import check_device
from rates.interrupt import terminable
from rates.settings import load
from rates.terminal import write

STDOUT = "-"


def run_compare(
    base: str, head: str, targets: Sequence[str], rules: Rules, *, profile: str | None, seed: str | None,
    device: str | None, jobs: int | None, json_file: str | None, markdown: str | None, out: str | None,
    store: str | None,
) -> int:  # fmt: skip
    """Compare, print what changed, write what was asked for, and return the exit code."""
    defaults = load()
    options = {"--profile": profile, "--seed": seed, "--device": device, "--json": json_file, "--markdown": markdown,
               "--out": out, "--store": store}  # fmt: skip
    for option, value in options.items():
        given(option, value, "")
    if not all(target.strip() for target in targets):
        raise CompareError("a claim is empty: name a claim, method, chapter or file, or leave it out")
    if jobs is not None and jobs < 1:
        raise CompareError(f"the number of jobs must be at least 1, got {jobs}")
    if json_file == markdown == STDOUT:
        raise CompareError("--json - and --markdown -: only one of them can be written to stdout")
    require_writable(out, json_file)
    require_writable(None, markdown)
    measured = [name for name in (base, head) if is_measured(name)]
    if profile is not None:
        choice("--profile", profile, list(PROFILES))
    if seed == FRESH and measured:
        raise CompareError(f"--seed fresh: {measured[0]} has a seed, which is fixed: leave the option out")
    if device is not None and len(measured) < 2:
        check_device(device)
    if not measured:  # else as that one was
        profile, seed, device = profile or defaults.profile, seed or defaults.seed, device or defaults.device
    with terminable():  # what was checked out is removed
        changes = compare(
            base, head, targets, rules=rules, profile=profile, seed=None if seed is None else seed_from(seed),
            device=device, jobs=jobs or defaults.jobs or None, store=given("--store", store, defaults.store), out=out,
        )  # fmt: skip
    print_changes(changes, sys.stderr if STDOUT in (json_file, markdown) else sys.stdout)
    if json_file is not None:
        _save(json.dumps(to_json(changes), indent=1, allow_nan=False, ensure_ascii=False) + "\n", json_file)
    if markdown is not None:
        _save(to_markdown(changes), markdown)
    return changes.exit_code


def _save(text: str, file: str) -> None:
    """Write to a file, or to stdout for `-`; CompareError, in one sentence, where that does not work."""
    if file == STDOUT:
        write(text)
        return
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CompareError(f"{file} cannot be written: {(error.strerror or str(error)).lower()}") from error
