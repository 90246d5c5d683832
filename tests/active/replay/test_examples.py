import numpy as np
import pytest

from active.replay import Examples, held_out

FEATURES, LABELS = np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": np.array([[1.0, np.nan, 0, 0]] * 4)}, "features hold NaN or infinity in row 0"),
        ({"labels": np.array([0, 1, 0])}, "labels must be 4 whole numbers"),
        ({"labels": np.array([0, 1, -1, 1])}, "labels must be 4 whole numbers"),
        ({"labels": np.array([2, 2, 2, 2])}, "same label"),
        ({"test_features": np.ones((4, 3))}, "differ in width: 4 and 3"),
        (
            {"test_features": np.ones((0, 4)), "test_labels": np.zeros(0, dtype=int)},
            "test_features must be floats",
        ),
    ],
)
def test_what_cannot_be_replayed_is_refused(change, message):
    given = {"features": FEATURES, "labels": LABELS, "test_features": FEATURES, "test_labels": LABELS}

    with pytest.raises(ValueError, match=message):
        Examples(**{**given, **change})


def test_a_label_that_only_the_test_has_counts():
    assert Examples(FEATURES, LABELS, FEATURES, np.array([0, 1, 5, 1])).n_labels == 6


def test_about_the_share_of_every_label_is_held_out():
    labels = np.repeat([0, 1, 2], [1, 40, 1_000])

    held = held_out(labels, 0.25, seed=3)

    assert np.bincount(labels[held], minlength=3).tolist() == [0, 10, 250]
    np.testing.assert_array_equal(held, held_out(labels, 0.25, seed=3))
