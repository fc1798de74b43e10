"""Run folders: results, pages and per-replicate values on disk, each file complete or absent."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rates.report.html import ASSETS, asset, claim_page, index_page, joint_page, plotly_source
from rates.report.junit import junit_xml
from rates.report.markdown import report_markdown
from rates.report.pages import page_views
from rates.report.records import ReportError, from_json, to_json, validate
from rates.report.views import Report, report_view, slug
from rates.result import ClaimRun, Run

COLUMNS = ("claim", "case", "x", "replicate", "component", "value")


def write(run: Run, folder: str | os.PathLike[str]) -> Path:
    """Write a run folder and return the path of its index page.

    `results.json`, `index.html`, `claims/*.html`, `pages/*.html`, `values/*.csv`, `report.md`, `junit.xml` and
    `assets/`.
    Pages of an earlier run in the folder that are no longer part of it are removed. ReportError, in one
    sentence, where the folder cannot be written.
    """
    root = Path(folder)
    document = to_json(run)
    report = from_json(document)
    with _one_sentence(root):
        earlier = _earlier(root)
        for view, claim in zip(report.claims, run.claims, strict=True):
            path = root / "values" / f"{view.slug}.csv"
            if claim.values:
                _save(path, values_csv(claim))
            else:  # those of an earlier run are not its own
                path.unlink(missing_ok=True)
        _save(root / "results.json", json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False))
        _pages(report, root)
        _forget(root, earlier - set(_files(document)))
    return root / "index.html"


def rebuild(folder: str | os.PathLike[str]) -> Path:
    """Make the pages of a run folder again from its results.json and return the path of the index page."""
    root = Path(folder)
    report = report_view(read(root))
    with _one_sentence(root):
        _pages(report, root)
    return root / "index.html"


def read(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the document of a run folder; ReportError, naming the file, where there is none or it is not schema 1."""
    document: dict[str, Any] = _parsed(Path(folder))
    try:
        validate(document)
    except ReportError as error:
        raise ReportError(f"{Path(folder) / 'results.json'}: {error}") from error
    return document


def _parsed(root: Path) -> Any:
    """Return what results.json holds, whatever it is."""
    path = root / "results.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ReportError(f"there is no results.json in {root}: give the folder of a run") from None
    except NotADirectoryError:
        raise ReportError(f"{root} is no folder: give the folder of a run") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReportError(f"{path} is not JSON ({error})") from error
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}") from error


def values_csv(claim: ClaimRun) -> str:
    """Return the per-replicate values of a claim, one a line, in digits that read back to the same bits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for label, raw in claim.values.items():
        values = np.asarray(raw, dtype=float)
        x = _axis(claim, label, values.shape[1])
        for (replicate, point, component), value in np.ndenumerate(values):
            writer.writerow((claim.address, label, repr(x[point]), replicate, component, repr(float(value))))
    return text.getvalue()


def _axis(claim: ClaimRun, label: str, length: int) -> list[float]:
    """Return x of the measured points: the experiment's, or those of the longest result of the case."""
    experiment = getattr(claim.claim, "experiment", None)
    candidates = [list(experiment.x)] if experiment is not None else []
    candidates += [[p.x for p in r.points] for r in claim.results if r.case_label == label]
    fitting = [x for x in candidates if len(x) == length]
    if not fitting:
        raise ReportError(f"{claim.address}, case {label or 'all'}: {length} measured points fit no list of x")
    return [float(v) for v in fitting[0]]


def _pages(report: Report, root: Path) -> None:
    for claim in report.claims:
        _save(root / "claims" / f"{claim.slug}.html", claim_page(report, claim))
    for page in page_views(report):
        _save(root / "pages" / f"{page.slug}.html", joint_page(report, page))
    for name in ASSETS:
        _save(root / "assets" / name, asset(name))
    _plotly(root / "assets" / "plotly.min.js")
    _save(root / "report.md", report_markdown(report))
    _save(root / "junit.xml", junit_xml(report))
    _save(root / "index.html", index_page(report, values=_with_values(report, root)))


def _with_values(report: Report, root: Path) -> Mapping[str, str]:
    found = {claim.address: f"values/{claim.slug}.csv" for claim in report.claims}
    return {address: path for address, path in found.items() if (root / path).is_file()}


def _plotly(target: Path) -> None:
    """Copy plotly's script (4.5 MB) unless it is there already."""
    source = plotly_source()
    if not target.is_file() or target.stat().st_size != source.stat().st_size:
        _save(target, source.read_text(encoding="utf-8"))


def _earlier(root: Path) -> set[str]:
    """Return the files that an earlier run has left in the folder, none where it cannot be understood."""
    try:
        return set(_files(_parsed(root)))
    except (ReportError, KeyError, TypeError, AttributeError):
        return set()


def _files(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files of a run's claims and pages, by its document."""
    for address in dict(document["claims"]):
        yield f"claims/{slug(str(address))}.html"
        yield f"values/{slug(str(address))}.csv"
    for address in dict(document.get("pages", {})):
        yield f"pages/{slug(str(address))}.html"


def _forget(root: Path, files: set[str]) -> None:
    for name in files:
        (root / name).unlink(missing_ok=True)


def _save(path: Path, text: str) -> None:
    """Write beside the target, then rename: a reader or a full disk never leaves half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(name, 0o644)  # mkstemp makes it private, a report is to be served and shared
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _one_sentence(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        cause = error.strerror or str(error)
        raise ReportError(f"the report cannot be written to {root}: {cause}; choose another folder") from error
