"""SIGTERM, by which batch systems and containers end a program, is a Ctrl-C: no more and no less is kept."""

import re
import signal
import threading

import pytest
from fault_claims import default_inside_terminable, finish, until

from rates.engines import engine
from rates.interrupt import terminable


@pytest.mark.parametrize("engine", ["serial", "processes"])
def test_sigterm_keeps_what_was_measured_and_leaves_nothing_behind(place, clean, engine):
    process = place.start("once", "s.db", engine, "never.json", pause=0.02)
    until(lambda: len(place.calls()) > 12)
    process.send_signal(signal.SIGTERM)
    said = finish(process)  # a semaphore that is left behind would be said here too
    found = re.fullmatch(r"stopped: (\d+) new measurements are kept; the same command goes on from here\n", said)
    assert found, said
    assert int(found[1]) == len(place.kept("s.db")) > 2  # more than the two curves
    assert place.once("s.db", "after.json", engine=engine) == ""
    assert place.document("after.json") == clean.document("run.json")


def test_a_sigterm_that_is_handled_already_stays_handled():
    came = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    try:
        with terminable():
            signal.raise_signal(signal.SIGTERM)
        assert came == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("ignored", [True, False])
def test_sigterm_raises_whether_or_not_ctrl_c_is_ignored_and_is_then_as_before(ignored):
    """A shell's background has Ctrl-C ignored."""
    before = signal.getsignal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
        with pytest.raises(KeyboardInterrupt), terminable():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, before)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_worker_of_a_pool_ends_by_sigterm_as_ever():
    """A pool ends its workers so; one that took it for a Ctrl-C would hold the pool up for ever."""
    with engine("processes", 1) as pool:
        assert pool.submit(default_inside_terminable).result()


def test_another_thread_has_no_signals():
    went = []

    def work():
        with terminable():
            went.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert went == [True]
