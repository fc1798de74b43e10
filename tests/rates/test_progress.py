import io

import pytest
from rich.text import Text
from tiny_claims import located, tiny

from rates import progress
from rates.progress import display
from rates.session import Event
from rates.sweep import Job, Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def event(measured=3, decided=1, wrong=0):
    job = Job.measure(located(tiny()), {"r": "1/2"}, {"slope": -2}, replicates=8, seed=0, fingerprint="")
    return Event(Progress(job, measured, 2, 4, 1, 0), decided, 4, wrong)


def test_a_terminal_shows_a_bar_and_clears_it(monkeypatch):
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with display(stream) as show:
        show(event())
    text = Text.from_ansi(stream.getvalue()).plain
    assert "memory:tiny (r=1/2) [slope=-2]" in text
    assert "1 of 4 decided, none wrong" in text


def test_a_log_gets_a_line_now_and_then(monkeypatch):
    clock = iter([0.0, 1.0, 10.5, 12.0, 21.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    with display(stream) as show:
        for measured in range(4):
            show(event(measured, wrong=measured // 3))
    assert stream.getvalue().splitlines() == [
        "1 of 4 decided, none wrong; 3 measured, 5 left; now memory:tiny (r=1/2) [slope=-2]",
        "1 of 4 decided, 1 wrong; 5 measured, 5 left; now memory:tiny (r=1/2) [slope=-2]",
    ]


def test_a_short_run_says_nothing(capsys):
    with display() as show:
        show(event())
    assert capsys.readouterr().err == ""


def test_an_error_goes_through():
    with pytest.raises(KeyError), display(Terminal()):
        raise KeyError
