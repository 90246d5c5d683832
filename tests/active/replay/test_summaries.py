import numpy as np
import pytest

from active.replay import Curve, Run, summarise
from active.replay.drawing import draw

LABELS = np.array([0, 50, 100])


def run(strategy, seed, *accuracy):
    return Run(strategy, seed, Curve(LABELS, np.array(accuracy), np.arange(100)))


RUNS = [
    run("random", 0, 0.0, 0.2, 0.4),
    run("random", 1, 0.0, 0.4, 0.6),
    run("margin", 0, 0.0, 0.4, 0.5),
    run("margin", 1, 0.0, 0.6, 0.7),
]


def outcomes(**given):
    return {one.strategy: one for one in summarise(RUNS, **{"full": 1.0, **given}).outcomes}


def test_areas_are_means_over_seeds_with_their_standard_error():
    area = outcomes()["random"].area

    assert area.mean == pytest.approx(0.275)
    assert area.error == pytest.approx(0.075)
    assert area.low < 0.2 < area.high


def test_the_gain_pairs_seeds():
    gain = outcomes()["margin"].gain

    assert (gain.mean, gain.error) == (pytest.approx(0.125), pytest.approx(0.0))
    assert outcomes()["random"].gain is None


def test_what_is_saved_is_told_at_what_the_baseline_reaches():
    saved = outcomes()["margin"].saved

    assert saved.mean == pytest.approx(0.5)
    assert saved.low <= 0.5 <= saved.high


def test_what_is_saved_is_told_at_the_target_where_the_baseline_gets_there():
    summary = summarise(RUNS, full=0.3 / 0.95)

    assert summary.compared_at == summary.target == pytest.approx(0.3)
    assert summary.outcomes[1].saved.mean == pytest.approx(0.4)
    assert summary.outcomes[1].labels_to_target == pytest.approx(30.0)


def test_a_target_out_of_reach_has_no_labels():
    assert outcomes()["margin"].labels_to_target is None
    assert outcomes()["margin"].reached == 0


def test_one_seed_has_no_interval():
    only = {one.strategy: one for one in summarise(RUNS[::2], full=1.0).outcomes}

    assert only["margin"].area.error is None
    assert only["margin"].saved.low is None


def test_other_seeds_are_not_compared():
    with pytest.raises(ValueError, match="same seeds"):
        summarise(RUNS[:3], full=1.0)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_same_summary_gives_the_same_picture(tmp_path, suffix):
    one, again = (draw(summarise(RUNS, full=0.6), tmp_path / f"{n}.{suffix}", "Reviews") for n in (1, 2))

    assert one.read_bytes() == again.read_bytes()
    assert len(one.read_bytes()) > 5_000
