"""The terminal summary: one line a claim, in any width and encoding."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rates.report import from_json, print_summary
from rates.result import Run


def printed(run: Any, width: int, encoding: str = "utf-8", **options: Any) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    print_summary(run, Console(file=stream, width=width), **options)
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [60, 80, 130])
def test_every_claim_has_a_line_and_a_reason(run: Run, width: int) -> None:
    text = printed(run, width, index=Path("/srv/somewhere/rather/long/enough/to/wrap/at/sixty/columns/index.html"))
    for claim in run.claims:
        assert text.count(f"{claim.outcome}") >= 1
    assert "cannot be told from: “dense coefficients”" in text
    assert "report     /srv/somewhere/rather/long/enough/to/wrap/at/sixty/columns/index.html\n" in text
    assert "reproduce  rates check meanfield/mfld:gap --seed 7\n" in text
    assert ("[−0.764, −0.738]" in text) == (width > 100)


def test_a_narrow_terminal_has_room_for_the_claims(run: Run) -> None:
    text = "".join(printed(run, 40).split())
    for claim in run.claims:
        assert claim.address in text


def test_a_terminal_without_unicode(run: Run) -> None:
    text = printed(run, 100, "ascii")
    assert "x refuted" in text
    assert "-0.751" in text


def test_a_rebuilt_report_prints_the_same(run: Run, document: dict[str, Any]) -> None:
    assert printed(from_json(document), 100) == printed(run, 100)


def test_markup_in_names_is_text(run: Run, document: dict[str, Any]) -> None:
    row = {**document["results"][-1], "claim": "a[red]b", "reason": "[bold]x[/nope]"}
    changed = {**document, "results": [row], "claims": {"a[red]b": "inconclusive"},
               "catalogue": {"a[red]b": document["catalogue"]["deep/cnn:rate"]}}  # fmt: skip
    text = printed(from_json(changed), 100)
    assert "a[red]b" in text
    assert "[red]" in text
