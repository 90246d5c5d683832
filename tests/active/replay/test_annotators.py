import numpy as np
import pytest

from active.replay import confused, noisy, perfect

TRUTH = np.repeat(np.arange(4), 5_000)


def answers(annotator):
    return annotator(TRUTH, 4, np.random.default_rng(0))


def test_a_perfect_annotator_is_right():
    np.testing.assert_array_equal(answers(perfect), TRUTH)


def test_a_noisy_annotator_is_right_so_often_and_errs_evenly():
    given = answers(noisy(0.7))

    assert (given == TRUTH).mean() == pytest.approx(0.7, abs=0.01)
    np.testing.assert_allclose(
        np.bincount(given[TRUTH == 2], minlength=4) / 5_000, [0.1, 0.1, 0.7, 0.1], atol=0.02
    )


def test_a_confused_annotator_errs_as_the_confusion_says():
    confusion = np.array([[0.5, 0.5, 0, 0], [0, 1, 0, 0], [0.2, 0, 0.8, 0], [0.25, 0.25, 0.25, 0.25]])

    given = answers(confused(confusion))

    shares = [np.bincount(given[label == TRUTH], minlength=4) / 5_000 for label in range(4)]
    np.testing.assert_allclose(shares, confusion, atol=0.03)


@pytest.mark.parametrize(
    "wrong", [np.ones((2, 2)), np.array([[1.0, 0.0]]), np.array([[1.5, -0.5], [0.0, 1.0]])]
)
def test_what_is_no_confusion_is_refused(wrong):
    with pytest.raises(ValueError, match="square"):
        confused(wrong)


def test_a_confusion_of_other_labels_is_refused():
    with pytest.raises(ValueError, match="of 2 labels, the items have 4"):
        answers(confused(np.eye(2)))


def test_an_accuracy_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        noisy(1.2)
