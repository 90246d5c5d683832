"""The names of strategies, learners and encoders, for processes that do not load them, are their names."""

from inspect import signature

import pytest

from active import names
from active.acquisition import ACQUISITIONS, DEFAULT
from active.encoders import ENCODERS
from active.learners import LEARNERS


def test_every_strategy_has_a_title_and_the_default_is_theirs() -> None:
    assert set(names.STRATEGIES) == set(ACQUISITIONS)
    assert names.DEFAULT_STRATEGY == DEFAULT
    assert DEFAULT in ACQUISITIONS


def test_every_learner_has_a_title() -> None:
    assert set(names.LEARNERS) == set(LEARNERS)


@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_has_the_options_that_it_is_said_to_have(name: str) -> None:
    usual = {"features", "targets", "kind", "weights", "seed", "start"}

    assert set(names.LEARNER_OPTIONS[name]) == set(signature(LEARNERS[name]).parameters) - usual


def test_every_encoder_has_a_title() -> None:
    assert set(names.ENCODERS) == set(ENCODERS)


def test_every_description_is_one_sentence() -> None:
    told = [*names.STRATEGIES.values(), *names.LEARNERS.values(), *names.ENCODERS.values()]

    assert [one for one in told if not one.description.endswith(".") or ". " in one.description] == []
    assert len({one.title for one in told}) == len(told)
