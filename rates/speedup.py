"""What a device buys: outcomes, estimates and seconds of every claim in two result documents, side by side.

python -m rates.speedup reports/reference-cpu.json reports/reference-cuda.json > reports/cuda-beside-cpu.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rates.report.folder import read
from rates.report.records import ReportError, from_json
from rates.report.views import ClaimView, Report, case_text
from rates.report.wording import DASH, GLYPHS, duration, number

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Cost:
    """What the measurements of a claim took, its controls included: replicates and seconds, summed over workers.

    Curves are left out: they are computed on the CPU in every run.
    """

    replicates: int
    seconds: float
    devices: frozenset[str]

    @classmethod
    def of(cls, claim: ClaimView) -> Cost:
        """Return the cost of a claim; the comparisons of one case share its measurements."""
        cases = [[row for row in rows if row["comparison"] != "curve-law"] for rows in claim.cases.values()]
        measured = [max(rows, key=lambda row: float(row["seconds"])) for rows in cases if rows]
        paid = [*measured, *(c for _, c in claim.controls if c["comparison"] != "curve-law")]
        devices = frozenset(str(row["device"]) for row in measured if row["replicates"])
        return cls(sum(int(p["replicates"]) for p in paid), sum(float(p["seconds"]) for p in paid), devices)

    def against(self, other: Cost) -> float | None:
        """Return how many times faster the other is, replicate for replicate; None on one and the same device."""
        if self.devices == other.devices or not (self.replicates and other.replicates and other.seconds > 0):
            return None
        return (self.seconds / self.replicates) / (other.seconds / other.replicates)


def speedup_markdown(first: Report, second: Report) -> str:
    """Return a Markdown table of the claims that both reports have, and a line on each report.

    The estimate is that of the result that stands for the claim in the first report, beside the same result of the
    second. ReportError where the reports have no claim in common.
    """
    others = {claim.address: claim for claim in second.claims}
    pairs = [(claim, others[claim.address]) for claim in first.claims if claim.address in others]
    if not pairs:
        raise ReportError("the two reports have no claim in common")
    names = [_name(report) for report in (first, second)]
    if names[0] == names[1]:
        names = [f"{name}, {order}" for name, order in zip(names, ("first", "second"), strict=True)]
    columns = ["claim", *(f"{what}, {name}" for what in ("outcome", "estimate", "time") for name in names), "speed-up"]
    lines = [
        f"| {' | '.join(columns)} |",
        f"|---|---|---|{'---:|' * 5}",
        *(f"| {' | '.join(_cells(*pair))} |" for pair in pairs),
        "",
        *(f"* {name}: {_about(report)}" for name, report in zip(names, (first, second), strict=True)),
        "",
        "Times are those of the measurements with their controls, summed over workers and without the curves, which"
        " the CPU computes in both. The speed-up is that of one replicate; a dash says that both ran on one device.",
    ]
    alone = [c.address for c in first.claims if c.address not in others]
    alone += [address for address in others if address not in {c.address for c in first.claims}]
    if alone:
        lines += ["", f"In one of them only: {', '.join(f'`{address}`' for address in alone)}."]
    return "\n".join(lines) + "\n"


def load(path: Path) -> Report:
    """Return the report of a run folder or of what `--json` wrote; ReportError names the file."""
    if path.is_dir():
        return from_json(read(path))
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")))
    except ReportError as error:
        raise ReportError(f"{path}: {error}") from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReportError(f"{path} is not JSON ({error})") from error
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error


def main(words: Sequence[str]) -> int:
    """Print the table of two files or folders; 0, or 2 after one sentence of error."""
    if {"-h", "--help"} & set(words):
        print(__doc__, end="")
        return 0
    try:
        if len(words) != 2:
            raise ReportError(f"two runs are compared, files or folders, got {len(words)}; -h says more")
        if not all(word.strip() for word in words):
            raise ReportError("the name of a run is empty: give a file or a folder")
        print(speedup_markdown(*(load(Path(word)) for word in words)), end="")
    except ReportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _cells(first: ClaimView, second: ClaimView) -> tuple[str, ...]:
    head = first.headline
    twin = None if head is None else _twin(head, second.results)
    costs = Cost.of(first), Cost.of(second)
    gain = costs[0].against(costs[1])
    return (
        f"`{first.address}`", *(f"{GLYPHS[claim.outcome]} {claim.outcome}" for claim in (first, second)),
        *(_estimate(row) for row in (head, twin)), *(duration(cost.seconds) for cost in costs),
        DASH if gain is None else f"{gain:.2g}",
    )  # fmt: skip


def _twin(row: Row, among: Iterable[Row]) -> Row | None:
    """Return the same comparison of the same case."""
    kind = (case_text(row), row["comparison"], row["quantity"])
    return next((r for r in among if (case_text(r), r["comparison"], r["quantity"]) == kind), None)


def _estimate(row: Row | None) -> str:
    """Return an estimate with digits to compare: one more than its margin has."""
    if row is None or row["estimate"] is None:
        return DASH
    return f"{row['quantity']} {number(row['estimate'], float(row['margin']) / 10)}"


def _name(report: Report) -> str:
    environment = report.document["environment"]
    return str(environment.get("gpu") or report.document["device"])


def _about(report: Report) -> str:
    document = report.document
    environment = document["environment"]
    torch = environment.get("packages", {}).get("torch")
    machine = [environment.get("cpu"), environment.get("gpu"), f"torch {torch}" if torch else None,
               f"CUDA {environment['cuda']}" if environment.get("cuda") else None,
               f"{environment['jobs']} workers" if environment.get("jobs") else None]  # fmt: skip
    told = ", ".join(str(part) for part in machine if part)
    return (
        f"{told + ', ' if told else ''}device {document['device']}, profile {document['profile']},"
        f" seed {document['seed']}, {duration(float(document['seconds']))} in all"
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
