"""What a command gives back: the report, its summary, the JSON, and a word about levels."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rates.plan import ClaimPlan, Options
from rates.report import ReportError, print_summary, to_json, write
from rates.result import Run
from rates.show import print_plans
from rates.terminal import Terminal
from rates.terminal import write as write_out

_LOG_WIDTH = 140


def announce(plans: Sequence[ClaimPlan], options: Options, *, whole: bool = False) -> None:
    """Say with which seed and at which family-wise level a run decides; with `whole`, print the plan of every claim."""
    if whole:
        print_plans(plans)
    count, level = len(plans), max((p.alpha for p in plans), default=0.0)
    claims = "1 claim" if count == 1 else f"{count} claims"
    sentence = f"seed {options.seed}; {claims} at level {level:.3g} each: family-wise level {count * level:.3g}"
    print(sentence, file=sys.stderr)


def publish(run: Run, folder: str, json_file: str | None) -> int:
    """Write the report, print the summary, and return the exit code; the summary comes even if writing fails."""
    index, failed = None, None
    try:
        if json_file is not None:
            write_json(run, json_file)
        index = write(run, folder)
    except ReportError as error:
        failed = error
    print_summary(run, _console(json_file == "-"), index=index)
    if failed is not None:
        raise failed
    return run.exit_code


def write_json(run: Run, file: str) -> None:
    """Write the schema-1 document of a run to a file, or to stdout for `-`."""
    text = json.dumps(to_json(run), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    if file == "-":
        write_out(text)
        return
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"{file} cannot be written: {(error.strerror or str(error)).lower()}") from error


def _console(stderr: bool) -> Terminal:
    """Return the console of a summary; a log file has no width, and then nothing is folded."""
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Terminal(stderr=stderr, width=None if terminal else _LOG_WIDTH)
