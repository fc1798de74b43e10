"""`rates compare`: the options of a command in, a table, files and an exit code out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rates.check import seed_from
from rates.choices import given, require_writable
from rates.compare.changes import Changes, CompareError
from rates.compare.document import to_json
from rates.compare.run import compare, is_measured
from rates.compare.whole import Rules
from rates.compare.words import print_changes, write_markdown
from rates.environment import check_device
from rates.interrupt import terminable
from rates.settings import load
from rates.terminal import write


def run_compare(
    base: str, head: str, targets: Sequence[str], rules: Rules, *, profile: str | None, seed: str | None,
    device: str | None, jobs: int | None, json_file: str | None, markdown: str | None, out: str | None,
    store: str | None,
) -> int:  # fmt: skip
    """Compare, print what changed, write what was asked for, and return the exit code."""
    defaults = load()
    if jobs is not None and jobs < 1:
        raise CompareError(f"the number of jobs must be at least 1, got {jobs}")
    require_writable(out, json_file)
    if markdown is not None:
        require_writable(None, given("--markdown", markdown, ""))
    if device is not None:
        check_device(device)
    if not (is_measured(base) or is_measured(head)):  # else as that one was
        profile, seed, device = profile or defaults.profile, seed or defaults.seed, device or defaults.device
    with terminable():  # what was checked out is removed
        changes = compare(
            base, head, targets, rules=rules, profile=profile, seed=None if seed is None else seed_from(seed),
            device=device, jobs=jobs or defaults.jobs or None, store=given("--store", store, defaults.store), out=out,
        )  # fmt: skip
    print_changes(changes, sys.stderr if json_file == "-" else sys.stdout)
    if json_file is not None:
        _write_json(changes, json_file)
    if markdown is not None:
        write_markdown(changes, markdown)
    return changes.exit_code


def _write_json(changes: Changes, file: str) -> None:
    text = json.dumps(to_json(changes), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    if file == "-":
        write(text)
        return
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CompareError(f"{file} cannot be written: {(error.strerror or str(error)).lower()}") from error
