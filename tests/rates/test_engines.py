import re
import subprocess
import sys

import pytest

from rates.engines import engine, require_engine

NEEDS_ADDRESS = "names no scheduler: use dask:local, or dask:HOST:PORT such as dask:tcp://node7:8786"


@pytest.mark.parametrize(
    ("name", "jobs", "says"),
    [
        ("threads", 1, "unknown engine 'threads': use serial, processes, dask:local or dask:ADDRESS"),
        ("daskk", 1, "unknown engine 'daskk': use serial"),
        ("dask", 1, f"the engine 'dask' {NEEDS_ADDRESS}"),
        ("dask:", 1, f"the engine 'dask:' {NEEDS_ADDRESS}"),
        ("dask:lokal", 1, f"the engine 'dask:lokal' {NEEDS_ADDRESS}"),
        ("dask:node7", 1, NEEDS_ADDRESS),
        ("dask:http://node7:8786", 1, NEEDS_ADDRESS),
        ("dask:tcp://node7:port", 1, NEEDS_ADDRESS),
        ("dask:tcp://node7:8786/path", 1, NEEDS_ADDRESS),
        ("processes", 0, "the number of jobs must be at least 1, got 0"),
        ("dask:local", 0, "the number of jobs must be at least 1, got 0"),
    ],
)
def test_an_engine_that_is_not_there_is_one_sentence(name, jobs, says):
    with pytest.raises(ValueError, match=re.escape(says)) as caught, engine(name, jobs):
        pass
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["local", "node7:8786", "tcp://10.0.0.1:8786", "tls://node7.cluster:8786", "[::1]:1"]
)
def test_addresses_of_schedulers_are_known_without_looking(address):
    require_engine(f"dask:{address}", 2)


def test_dask_that_is_not_installed_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r"needs dask\.distributed: pip install 'dltheory\[cluster\]'"):
        require_engine("dask:local", 2)


def test_a_cluster_costs_nothing_where_none_is_asked_for():
    code = "import sys, rates.check, rates.sweep; print(any(m.partition('.')[0] == 'distributed' for m in sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"
