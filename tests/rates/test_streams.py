import numpy as np
import pytest

from rates.streams import Stream, streams

STREAM = Stream(0, "ntk/averaged_sgd:minimax-rate", "d=2, r=3/4", 3)


def test_the_numbers_are_pinned():
    """A change here makes every measurement that anyone has kept unrepeatable."""
    assert STREAM.seed("data") == 0x600B3139AC85E2B54138E33E67095BB7
    assert STREAM.numpy("noise").integers(0, 2**32, 3).tolist() == [1224258103, 3641307724, 246015922]
    expected = [2.1029855769780235, 1.202520316801727, -1.228746466026643]
    np.testing.assert_allclose(STREAM.numpy("data").standard_normal(3), expected, rtol=1e-15)


def test_torch_numbers_are_pinned_and_repeat():
    torch = pytest.importorskip("torch")
    draws = [torch.randn(3, generator=STREAM.torch("data"), dtype=torch.float64).tolist() for _ in range(2)]
    assert draws[0] == draws[1]
    np.testing.assert_allclose(draws[0], [-1.1791337323752313, 1.1620933495368195, -2.450356670072962], rtol=1e-12)


def test_a_stream_does_not_depend_on_what_was_drawn_before():
    first = STREAM.numpy("data").random(5)
    STREAM.numpy("noise").random(1000)
    STREAM.numpy("data").random(1000)
    assert np.array_equal(STREAM.numpy("data").random(5), first)


def test_data_are_nested_in_n():
    long = STREAM.numpy("data").standard_normal((100, 3))
    assert np.array_equal(STREAM.numpy("data").standard_normal((40, 3)), long[:40])


def test_every_part_of_the_name_gives_other_numbers():
    others = [
        STREAM,
        Stream(1, STREAM.claim, STREAM.case, 3),
        Stream(0, "ntk/averaged_sgd:other", STREAM.case, 3),
        Stream(0, STREAM.claim, "d=2, r=1/2", 3),
        Stream(0, STREAM.claim, STREAM.case, 4),
    ]
    seeds = [s.seed(purpose) for s in others for purpose in ("data", "noise", "initialisation")]
    assert len(set(seeds)) == len(seeds)
    # Names are separated, not glued together.
    assert Stream(0, "ab", "c", 0).seed("d") != Stream(0, "a", "bc", 0).seed("d")


def test_replicates_are_the_same_whoever_asks_for_how_many():
    assert streams(7, "c", "k", range(2, 5)) == streams(7, "c", "k", range(10))[2:5]


def test_purposes_and_replicates_are_uncorrelated():
    rows = [s.numpy(p).standard_normal(4000) for s in streams(0, "c", "", range(6)) for p in ("data", "noise")]
    correlation = np.corrcoef(rows)[np.triu_indices(12, 1)]
    assert np.abs(correlation).max() < 5 / np.sqrt(
        4000
    )  # 66 pairs: a false alarm once in 30,000 seeds, and this is one
