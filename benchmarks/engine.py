"""Time and memory of the engine: fits, the store, the start of the command, and a whole check of a cheap claim."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import named
from rates.check import check
from rates.claim import Check, Claim, Margin
from rates.evidence import Evidence, judge_sample
from rates.experiment import Curve, Experiment
from rates.law import Law
from rates.plan import Options
from rates.slope import Mean, Sample, fit, slope_weights
from rates.store import Key, Store

SIZES = tuple(2**k for k in range(4, 11))


def noisy_law(n, streams):
    """Measure 1/n with lognormal noise: a claim whose measurements cost nothing."""
    return [float(stream.numpy("noise").lognormal(-0.02, 0.2)) / n for stream in streams]


def curve(n):
    """Return 1/n, the mean of what is measured."""
    return 1 / n


TRIVIAL = Claim(
    name="trivial",
    statement="1/n falls like 1/n.",
    law=Law.power("n", "-1", constant="1"),
    curve=Curve(curve),
    experiment=Experiment(noisy_law, x=SIZES, block=64),
    checks=(
        Check("experiment-curve", "level", Margin(0.1)),
        Check("experiment-curve", "slope", Margin(0.1)),
        Check("experiment-law", "slope", Margin(0.1)),
    ),
)


class Judging:
    """The decision on 7 points × 256 replicates: the bare fit, and all of a check with alarms and local slopes."""

    size, tiny = 256, 16

    def setup(self):
        x = np.array(SIZES, dtype=float)
        noise = np.random.default_rng(0).lognormal(-0.02, 0.2, (self.size, len(x), 1))
        self.sample = Sample(x, noise / x[:, None])
        self.evidence = Evidence(self.sample, Mean(), {"total": 1 / x})
        self.time_judge()

    @named("fit with interval, 7 points × 256 replicates")
    def time_fit(self):
        fit(self.sample, Mean(), slope_weights(self.sample.x)).interval(1e-3)

    @named("judging one check, 7 points × 256 replicates")
    def time_judge(self):
        judge_sample(TRIVIAL.checks[2], TRIVIAL.law, {}, self.evidence, 1e-3)


class Storing:
    """A file of 10 000 measurements: 100 cells of 100 replicates, written and read a cell at a time."""

    size, tiny = 100, 2

    def setup(self):
        self.folder = tempfile.TemporaryDirectory()
        self.values = np.random.default_rng(0).random((100, 1, 1))
        self.store = Store.open(Path(self.folder.name) / "store.sqlite")
        self.filled = Store.open(Path(self.folder.name) / "filled.sqlite")
        self.round = 0
        self._put(self.filled, "0")

    def teardown(self):
        self.store.close()
        self.filled.close()
        self.folder.cleanup()

    def _keys(self, fingerprint):
        return [Key("c", "", "", "measure", (float(i),), 0, "cpu", "float64", fingerprint) for i in range(self.size)]

    def _put(self, store, fingerprint):
        for key in self._keys(fingerprint):
            store.put(key, 0, self.values, 1.0)

    @named("store: put 10 000 measurements in 100 transactions")
    def time_put(self):
        self.round += 1  # what is there already would not be written again
        self._put(self.store, str(self.round))

    @named("store: get 10 000 measurements of 100 cells")
    def time_get(self):
        for key in self._keys("0"):
            self.filled.get(key, range(100))


class WholeCheck:
    """A check of a claim that costs nothing to measure: all of its time is the engine's."""

    size, tiny = 1, 1
    timeout = 120

    def setup(self):
        self.time_empty_store()

    @named("whole check of a trivial claim, store in memory")
    def time_empty_store(self):
        self._check(None)

    @named("whole check of a trivial claim, store in a file")
    def time_file(self):
        with tempfile.TemporaryDirectory() as folder:
            self._check(Path(folder) / "store.sqlite")

    @named("whole check of a trivial claim: peak memory")
    def peakmem_check(self):
        self._check(None)

    def _check(self, store):
        run = check(TRIVIAL, options=Options(), engine_name="serial", jobs=1, store=store)
        assert run.exit_code == 0, run


class CommandLine:
    """How long a user waits for `rates list`: imports, listing the catalogue, printing."""

    size, tiny = 1, 1
    timeout = 60

    def setup(self):
        if importlib.util.find_spec("rates.cli") is None:
            raise NotImplementedError("this revision has no command line")

    @named("rates list, a new process")
    def time_list(self):
        subprocess.run([sys.executable, "-m", "rates", "list"], check=True, stdout=subprocess.DEVNULL)
