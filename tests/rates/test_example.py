"""The README's own theorem: the file is short, its mathematics is right, and it is decided as a user would see it."""

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rates.slope import slope_weights
from rates.streams import streams

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "my_claim.py"
pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("my_claim_example", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["my_claim_example"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["my_claim_example"]


def exact_risk(n, step=0.1, d=5, start=1.25):
    """E‖θ̄ − θ‖² by the recursion of second moments, for x ~ N(0, I) and noise of variance 1.

    S_t = E‖e_t‖² obeys S_t = ρ S_(t−1) + η² d with ρ = 1 − 2η + η²(d + 2), and E⟨e_s, e_t⟩ = (1 − η)^(t−s) S_s.
    """
    error, total, ahead = start, 0.0, 1 - step
    for s in range(1, n + 1):
        error = (1 - 2 * step + step**2 * (d + 2)) * error + step**2 * d
        total += error * (1 + 2 * ahead * (1 - ahead ** (n - s)) / step)
    return total / n**2


def test_it_is_under_twenty_lines_of_code():
    tree = ast.parse(EXAMPLE.read_text())
    prose = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node)
        for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)
    }
    lines = enumerate(EXAMPLE.read_text().splitlines(), start=1)
    code = [text for number, text in lines if text.strip() and number not in prose]
    assert len(code) < 20


def test_the_readme_shows_it_in_full():
    assert EXAMPLE.read_text().strip() in (ROOT / "README.md").read_text()


def test_the_bias_in_the_margin_is_that_of_the_exact_recursion(example):
    [claim] = example.CLAIMS
    x = np.array(claim.experiment.x)
    slope = slope_weights(x) @ np.log([exact_risk(int(n)) for n in x])
    assert slope == pytest.approx(-1.018, abs=5e-4)
    assert abs(slope + 1) <= claim.checks[0].margin.bias
    assert exact_risk(20_000) * 20_000 == pytest.approx(5 * 1.9 / 1.3, rel=1e-3)  # C of the docstring


def test_scikit_learn_does_what_the_recursion_says(example):
    measured = example.excess_risk(50, streams(0, "example", "", range(400)))
    error = np.std(measured) / 400**0.5
    assert np.mean(measured) == pytest.approx(exact_risk(50), abs=4 * error)


def test_a_user_checks_it(tmp_path):
    (tmp_path / "my_claim.py").write_bytes(EXAMPLE.read_bytes())
    command = [sys.executable, "-m", "rates", "check", "my_claim.py", "--engine", "serial", "--json", "out.json"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "index.html" in answer.stdout
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["claims"] == {"my_claim:averaged-sgd": "consistent"}
    controls = document["results"][0]["controls"]
    assert len(controls) >= 3
    assert {c["outcome"] for c in controls} == {"refuted"}
    assert (tmp_path / "reports" / "latest" / "claims" / "my_claim--averaged-sgd.html").is_file()
