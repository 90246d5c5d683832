"""The names of the estimators, for processes that do not load them, are the estimators' names."""

from labelmodel import estimators, methods


def test_every_estimator_has_a_title_and_the_default_is_theirs() -> None:
    assert set(methods.METHODS) == set(estimators.ESTIMATORS)
    assert methods.DEFAULT == estimators.DEFAULT_FOR_PEOPLE
