import numpy as np
import pytest

from active.replay.curves import Curve, area, labels_to


def test_the_area_is_the_mean_height_between_the_first_and_the_last_point():
    assert area(np.array([20, 70, 100]), np.array([0.2, 0.4, 0.8])) == pytest.approx(
        (50 * 0.3 + 30 * 0.6) / 80
    )


def test_the_area_of_one_point_is_its_height():
    assert area(np.array([20]), np.array([0.25])) == 0.25


@pytest.mark.parametrize(("wanted", "labels"), [(0.1, 20.0), (0.5, 70.0), (0.65, 85.0), (0.9, None)])
def test_labels_to_an_accuracy_lie_on_the_line_between_two_points(wanted, labels):
    curve = Curve(np.array([20, 70, 100]), np.array([0.3, 0.5, 0.8]), np.arange(100))

    assert curve.labels_to(wanted) == pytest.approx(labels)


def test_an_accuracy_counts_as_reached_at_the_first_time():
    assert labels_to(np.array([10, 20, 30]), np.array([0.4, 0.6, 0.3]), 0.5) == pytest.approx(15.0)
