"""`python -m rates.flake`: collect runs with fresh seeds, and report what came of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rates.catalogue import BrokenCatalogue, UnknownClaim
from rates.engines import EngineError

STDOUT = Path("-")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 if all is as planned, 1 if a rate is above its level, 2 for an error, in one sentence."""
    given = _parser().parse_args(arguments)
    try:
        return _collect(given) if given.command == "collect" else _report(given)
    except KeyboardInterrupt:
        print("rates.flake: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except (UnknownClaim, BrokenCatalogue, EngineError, ValueError) as error:
        print(f"rates.flake: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"rates.flake: {error.filename} cannot be used: {(error.strerror or '').lower()}", file=sys.stderr)
        return 2


def _collect(given: argparse.Namespace) -> int:
    from rates.flake.collect import collect

    added = collect(
        given.file, given.targets, study=given.study, profile=given.profile, seconds=given.seconds, runs=given.runs,
        jobs=given.jobs, at_least=given.at_least, tell=lambda line: print(line, flush=True),
    )  # fmt: skip
    print(f"{added} runs added to {given.file}")
    return 0


def _report(given: argparse.Namespace) -> int:
    from rates.flake.markdown import as_markdown
    from rates.flake.records import read
    from rates.flake.summary import as_json, summarise

    if given.json == STDOUT == given.markdown:
        raise ValueError("--json and --markdown cannot both be written to stdout")
    summary = summarise(read(given.file), at_least=given.at_least)
    if given.json is not None:
        _write(given.json, as_json(summary))
    if given.markdown is not None or given.json != STDOUT:
        _write(given.markdown or STDOUT, as_markdown(summary))
    for verdict in summary.verdicts:
        print(f"{'ok  ' if verdict.ok else 'NOT '}{verdict.sentence}", file=sys.stderr)
    return 0 if summary.ok else 1


def _write(file: Path, text: str) -> None:
    if file == STDOUT:
        print(text, end="")
    else:
        file.write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rates.flake", description="How often a true claim fails.")
    commands = parser.add_subparsers(dest="command", required=True)
    collect = commands.add_parser("collect", help="run claims with fresh seeds; can be stopped, and goes on")
    collect.add_argument("file", type=Path, metavar="FILE.jsonl")
    collect.add_argument("targets", nargs="*", metavar="TARGET", help="claims, methods, chapters or files; all if none")
    collect.add_argument("--study", default="flake", help="the name that seeds are drawn from (%(default)s)")
    collect.add_argument("--profile", default="quick", choices=("quick", "ci", "full"))
    collect.add_argument("--seconds", type=float, default=3600.0, help="begin no run after that time (%(default)g)")
    collect.add_argument("--runs", type=int, help="the most runs of a claim")
    collect.add_argument("--jobs", type=int, default=2, help="worker processes (%(default)s)")
    collect.add_argument("--at-least", type=int, default=20, help="runs that each claim gets first (%(default)s)")
    report = commands.add_parser("report", help="count what was collected; exit code 1 if a rate is above its level")
    report.add_argument("file", type=Path, metavar="FILE.jsonl")
    report.add_argument("--json", type=Path, metavar="OUT.json", help="- for stdout, and no Markdown there")
    report.add_argument("--markdown", type=Path, metavar="OUT.md", help="- for stdout, which is the default")
    report.add_argument("--at-least", type=int, default=20, help="runs that each random claim needs (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
