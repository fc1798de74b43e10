"""An algorithm that raises, hangs, dies or returns garbage: one sentence each, and every other claim is decided."""

import pytest

from rates.check import check
from rates.plan import Options
from rates.result import Outcome

CLAIMS = """
import os, signal
import numpy as np
from rates import Check, Claim, Experiment, Law

class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no words")

class Unpicklable(Exception):
    def __init__(self, one, two):
        super().__init__(one)
        self.hook = lambda: two

def hang(y):
    while True:
        pass

def recurse(y):
    return recurse(y)

def raises(error):
    def inner(y):
        raise error
    return inner

WHAT = {
    "fine": lambda y: y,
    "a list of numpy scalars": lambda y: list(y),
    "raises": raises(ValueError("two\\nlines")),
    "raises without words": raises(ValueError()),
    "raises what cannot be printed": raises(Unprintable()),
    "raises what cannot be sent": raises(Unpicklable("one", 2)),
    "recursion": recurse,
    "memory": lambda y: np.ones((10**7, 10**7)),
    "exits": lambda y: exit(3),
    "hangs": hang,
    "dies": lambda y: os.kill(os.getpid(), signal.SIGKILL),
    "aborts": lambda y: os.abort(),
    "leaves": lambda y: os._exit(0),
    "too few": lambda y: y[1:],
    "too many": lambda y: np.concatenate([y, y]),
    "another axis": lambda y: np.ones((len(y), 3)) * y[:, None],
    "a number": lambda y: 1.0,
    "empty": lambda y: [],
    "None": lambda y: None,
    "a generator": lambda y: (v for v in y),
    "a mapping": lambda y: {"y": y},
    "text": lambda y: "text",
    "numbers as text": lambda y: [str(v) for v in y],
    "one text": lambda y: [*y[1:], "text"],
    "ragged": lambda y: [[1.0], *y[1:]],
    "complex": lambda y: y + 0j,
    "dates": lambda y: np.zeros(len(y), "datetime64[s]"),
    "masked": lambda y: np.ma.masked_greater(y, 0),
    "huge": lambda y: 1e200 * y,
    "a huge whole number": lambda y: [10**400] * len(y),
    "negative": lambda y: -y,
    "NaN": lambda y: y * np.nan,
    "minus infinity": lambda y: y - np.inf,
    "never arrives": lambda y: y + np.inf,
}

def measure(n, streams, what="fine"):
    y = np.array([s.numpy(f"at {n}").uniform(0.9, 1.1) / n for s in streams])
    return WHAT[what](y) if n == 40 else y

CLAIMS = tuple(
    Claim(what, "", Law.power("n", "-1"), experiment=Experiment(measure, (10, 20, 40, 80)), cases=({"what": what},),
          checks=(Check("experiment-law", "slope", 0.1),))
    for what in WHAT
)
"""
DIED = "a worker process died while measuring this: it was killed or ran out of memory"
SHAPE = "the experiment returned shape {}, expected 8 replicates × 1 points × 1 components"
NO_ARRAY = "the experiment returned no array of numbers: "
SAID = {
    "raises": "ValueError: two lines",
    "raises without words": "ValueError",
    "raises what cannot be printed": "RuntimeError: no words",
    "raises what cannot be sent": "Unpicklable: one",
    "recursion": "RecursionError: maximum recursion depth exceeded",
    "memory": "Unable to allocate 728. TiB for an array with shape (10000000, 10000000)",
    "exits": "SystemExit: 3",
    "hangs": "no answer within 6 s at n = 40 (replicates 0-7): raise --timeout or make x smaller",
    "dies": DIED,
    "aborts": DIED,
    "leaves": DIED,
    "too few": SHAPE.format("(7,)"),
    "too many": SHAPE.format("(16,)"),
    "another axis": SHAPE.format("(8, 3)"),
    "a number": SHAPE.format("()"),
    "empty": SHAPE.format("(0,)"),
    "None": NO_ARRAY,
    "a generator": NO_ARRAY,
    "a mapping": NO_ARRAY,
    "text": "the experiment returned no numbers",
    "numbers as text": "the experiment returned no numbers",
    "one text": "the experiment returned no numbers",
    "ragged": NO_ARRAY,
    "complex": "the experiment returned complex numbers",
    "dates": "the experiment returned no numbers",
    "masked": "the experiment returned masked values: every replicate needs every x",
    "huge": "the experiment returned a value beyond 1e+150: give y in larger units",
    "a huge whole number": "int too large to convert to float",
    "negative": "the experiment returned a negative value (-0.02",
    "NaN": "the experiment returned a value that is not finite",
    "minus infinity": "the experiment returned a value that is not finite",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    file = tmp_path_factory.mktemp("garbage") / "garbage.py"
    file.write_text(CLAIMS)
    return check(str(file), options=Options(timeout=6.0), engine_name="processes", jobs=2, store=None)


def test_all_claims_are_there_each_with_its_own_outcome(run):
    found = {c.address.partition(":")[2]: c.outcome for c in run.claims}
    expected = dict.fromkeys(SAID, Outcome.ERROR)
    good = {"fine": Outcome.CONSISTENT, "a list of numpy scalars": Outcome.CONSISTENT}
    assert found == expected | good | {"never arrives": Outcome.INCONCLUSIVE}


@pytest.mark.parametrize("what", SAID)
def test_it_is_said_in_one_sentence(run, what):
    [reason] = [result.reason for result in run.results if result.claim == f"garbage:{what}"]
    assert SAID[what] in reason
    assert "\n" not in reason
    assert len(reason) < 300


def test_a_run_that_never_arrived_is_no_error(run):
    [reason] = [result.reason for result in run.results if result.claim == "garbage:never arrives"]
    assert "infin" in reason or "never" in reason
