"""The pages in a real browser: no console error, plots drawn, sorting and filtering work. Skips without Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")


def opened(url: str, profile: Path) -> tuple[str, str]:
    """Return the DOM after the page has settled and what the browser logged."""
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
        f"--user-data-dir={profile}", "--window-size=1280,6000", "--virtual-time-budget=5000",
        "--enable-logging=stderr", "--dump-dom", url,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if not done.stdout:
        pytest.skip(f"the browser does not run here: {done.stderr[-200:]}")
    return done.stdout, done.stderr


def console(log: str) -> list[str]:
    return [line for line in log.splitlines() if "CONSOLE" in line]


def test_claim_page_draws_its_plots_without_errors(folder: Path, tmp_path: Path) -> None:
    page = folder / "claims" / "ntk__averaged-sgd--excess-risk.html"
    dom, log = opened(page.as_uri(), tmp_path)
    assert console(log) == []
    assert dom.count("js-plotly-plot") == 4
    assert dom.count("var(--plot") == 0 or "main-svg" in dom
    shown = re.findall(r'class="main-svg"', dom)
    assert len(shown) >= 4


def test_index_is_filtered_and_sorted_by_its_address(folder: Path, tmp_path: Path) -> None:
    page = (folder / "index.html").as_uri()
    dom, log = opened(f"{page}#q=rate&sort=-estimate", tmp_path)
    assert console(log) == []
    bodies = re.findall(r"<tbody data-outcome.*?</tbody>", dom, re.S)
    shown = [re.search(r'data-key="([^"]*/[^"]*)"', body) for body in bodies if "hidden" not in body.split(">")[0]]
    addresses = [match[1] for match in shown if match]
    assert addresses[:2] == ["meanfield/pda:outer-rate", "optim/manifold:linear-rate"]
    assert "deep/cnn:rate" in addresses
    assert re.search(r'aria-sort="descending" data-name="estimate"|data-name="estimate" aria-sort="descending"', dom)
    assert re.search(rf"<output[^>]*>{len(addresses)} of 8</output>", dom)
