"""Claims as pytest items: one for each claim and case, its controls included. Loaded when they are asked for."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pytest

from rates.assertion import NotConsistent, figures
from rates.catalogue import BrokenCatalogue, Located, UnknownClaim, find
from rates.check import FRESH, check
from rates.choices import options
from rates.claim import case_label
from rates.environment import check_device
from rates.plan import ClaimPlan, Options, plan
from rates.pytest_plugin import RatesWarning
from rates.result import Outcome, Run, claim_outcome

_SEED = "rates_seed"  # what a worker of pytest-xdist is told, so that all of them draw from one seed


@dataclass(frozen=True)
class Selection:
    """The claims that a session checks, and how; `folder` is for the reports of what failed."""

    plans: tuple[ClaimPlan, ...]
    options: Options
    fresh: bool
    lenient: bool
    folder: Path

    @classmethod
    def of(cls, config: pytest.Config) -> Self:
        """Return what the options ask for; UsageError, in one sentence, where that cannot be checked."""
        try:
            chosen = _options(config)
            with _named("--rates-device", given=config.getoption("rates_device") is not None):
                check_device(chosen.device)
            targets = _targets(config)
            with _named("--rates" if config.getoption("rates_targets") else "rates_claims", given=bool(targets)):
                located = find(targets)
            plans = plan(located, chosen)
            folder = _folder(config)
        except (UnknownClaim, BrokenCatalogue, ValueError) as error:
            raise pytest.UsageError(" ".join(str(error).split())) from error
        fresh, lenient = config.getoption("rates_seed") == FRESH, config.getoption("rates_inconclusive") == "warn"
        return cls(plans, chosen, fresh, lenient, folder)

    def tests(self) -> Iterator[CaseTest]:
        """Yield every case of every claim, in the order of the catalogue and of the claim."""
        for planned in self.plans:
            claim = planned.located.claim
            labels = [case_label(case) for case in planned.cases]
            checked = {case_label(c) for c in planned.cases if claim.checks_for(c, self.options.profile)}
            measured = {t.label for t in planned.trials if t.control is None and t.measured}
            for label in labels:
                yield CaseTest(
                    planned.located, label, self._for_one(label if len(labels) > 1 else None),
                    left_out=bool(checked) and label not in checked,
                    experiment=claim.experiment is not None and (not measured or label in measured),
                )  # fmt: skip

    def _for_one(self, case: str | None) -> Options:
        """Return the options of a run of one claim, with its share of a family-wise level."""
        level = self.options.family_level
        return replace(self.options, case=case, family_level=None if level is None else level / len(self.plans))


@dataclass(frozen=True)
class CaseTest:
    """One case of a claim with its controls, as `rates check CLAIM --case LABEL` checks it.

    `left_out`: the profile checks other cases only. `experiment`: the curve alone is too little to pass, as it is
    unless the experiment is held against other cases only.
    """

    located: Located
    label: str
    options: Options
    left_out: bool
    experiment: bool

    @property
    def name(self) -> str:
        """Address and case, `ntk/averaged_sgd:minimax-rate[d=2, r=1/2]`."""
        return f"{self.located.address}[{self.label}]" if self.label else self.located.address

    @property
    def chapter(self) -> str:
        """The first part of the address."""
        return self.located.address.partition("/")[0].partition(":")[0]

    @property
    def file(self) -> Path:
        """The file that states the claim."""
        origin = self.located.origin
        return Path(origin if origin.endswith(".py") else str(sys.modules[origin].__file__))

    def run(self) -> Run:
        """Measure and decide, in this process; nothing is kept."""
        located = self.located
        target = f"{located.origin}:{located.claim.name}" if located.origin.endswith(".py") else located.address
        run = check(target, options=self.options, engine_name="serial", jobs=1, store=None)
        (claim,) = run.claims
        outcome = claim_outcome(claim.results, has_experiment=self.experiment)
        return replace(run, claims=(replace(claim, outcome=outcome),))


class Claims(pytest.Collector):
    """All claims of a session: what `rates::` in a node's id stands for."""

    def __init__(self, *, selection: Selection, **more: Any) -> None:
        super().__init__(**more)
        self._selection = selection

    def collect(self) -> Iterator[Case]:
        """Yield one item for each claim and case."""
        for test in self._selection.tests():
            # The id is given, not left to be put together: as text it is read back to the same, which --lf needs.
            named = {"name": test.name, "nodeid": f"{self.nodeid}::{test.name}"}
            yield Case.from_parent(self, **named, test=test, selection=self._selection)


class Case(pytest.Item):
    """A test that passes where all that is judged is consistent, and is skipped where nothing can be."""

    def __init__(self, *, test: CaseTest, selection: Selection, **more: Any) -> None:
        super().__init__(**more)
        self._test, self._selection = test, selection
        self.add_marker(pytest.mark.rates(chapter=test.chapter, claim=test.located.address, case=test.label))
        # A warning in somebody's law is no verdict on it, and an inconclusive claim was asked to be no more than one:
        # a mark has the last word, after the ini-file and -W.
        self.add_marker(pytest.mark.filterwarnings("default"))

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where the claim is stated, and the title of a failure."""
        return self._test.file, None, self.name

    def runtest(self) -> None:
        """Measure and decide; NotConsistent says what is not consistent and where the report is."""
        if self._test.left_out:
            pytest.skip(f"nothing is checked for this case in the {self._test.options.profile} profile")
        run = self._test.run()
        outcome = run.claims[0].outcome
        self.user_properties += figures(run).items()
        if outcome is Outcome.CONSISTENT:
            return
        from rates.pytest_text import case_folder, failure, unjudged  # the report's libraries, for what is not green

        if outcome is Outcome.UNDECIDABLE:
            pytest.skip(f"undecidable: {unjudged(run)}")
        text = failure(run, self._test.label, self._selection.folder / case_folder(self.name))
        if outcome is not Outcome.INCONCLUSIVE or not self._selection.lenient:
            raise NotConsistent(text, run)
        warnings.warn(RatesWarning(text), stacklevel=1)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the reasons alone for a verdict, the traceback for a bug."""
        if isinstance(excinfo.value, NotConsistent):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)


class ClaimTests:
    """The hooks of a session that checks claims."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._counts: Counter[str] = Counter()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist the root seed."""
        node.workerinput[_SEED] = str(self._selection.options.seed)

    def pytest_report_header(self) -> str:
        """Say what is checked and with which seed; for a fresh one, also at which family-wise level."""
        plans, chosen = self._selection.plans, self._selection.options
        words = [f"rates: profile {chosen.profile}", f"seed {chosen.seed}"]
        words += [f"device {chosen.device}"] if chosen.device != "cpu" else []
        words += [_many(len(plans), "claim"), _many(sum(len(p.cases) for p in plans), "case")]
        if self._selection.fresh or chosen.family_level is not None:
            level = max(p.alpha for p in plans)
            words += [f"level {level:.3g} a claim", f"family-wise {level * len(plans):.3g}"]
        return ", ".join(words)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the claims to the tests that were found, before -k and -m choose among them."""
        claims = Claims.from_parent(session, name="rates", nodeid="rates", selection=self._selection)
        items += session.genitems(claims)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count outcomes; with pytest-xdist this is the controller, and the reports come from workers."""
        if report.when == "call" and report.nodeid.startswith("rates::"):
            told: dict[str, Any] = dict(report.user_properties)
            self._counts[told.get("outcome", "not checked" if report.skipped else Outcome.ERROR)] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print on one line how many cases came to what, and a fresh seed, which -q kept out of the header."""
        cases = self._counts.total()
        if cases:
            found = ", ".join(f"{self._counts[o]} {o}" for o in (*Outcome, "not checked") if self._counts[o])
            seed = f" (seed {self._selection.options.seed})" if self._selection.fresh else ""
            terminalreporter.write_line(f"rates: {_many(cases, 'case')}: {found}{seed}")


def _options(config: pytest.Config) -> Options:
    """Return what was asked for, over [tool.rates]; a budget of seconds is for a whole run, a test has none."""
    seed = getattr(config, "workerinput", {}).get(_SEED) or config.getoption("rates_seed")
    given = (config.getoption("rates_profile"), None, config.getoption("rates_device"), seed)
    chosen = options(*given, prefix="--rates-")
    return replace(chosen, budget=None, controls=True)


def _targets(config: pytest.Config) -> Sequence[str]:
    """Return the targets of the command line, or those of the ini-file, whose paths are relative to it."""
    given: list[str] = config.getoption("rates_targets") or []
    if not all(target.strip() for target in given):
        raise ValueError("--rates is empty: give a claim, method, chapter or file, or leave the option out")
    home = config.rootpath if config.inipath is None else config.inipath.parent
    return given or [str(home / t) if t.endswith(".py") or ".py:" in t else t for t in config.getini("rates_claims")]


def _folder(config: pytest.Config) -> Path:
    """Return the folder of the reports, which need not be there yet; ValueError where a file is in its place."""
    folder: Path = config.rootpath / config.getoption("rates_out")
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        raise ValueError(f"--rates-out {config.getoption('rates_out')}: {there.name} is a file, give a folder")
    return folder


@contextmanager
def _named(option: str, *, given: bool) -> Iterator[None]:
    """Put the name of an option that was given before the sentence of an error."""
    try:
        yield
    except (UnknownClaim, BrokenCatalogue, ValueError) as error:
        raise ValueError(f"{option}: {error}" if given else str(error)) from error


def _many(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"
