"""Functions of what a committee says, against their formulas."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import rel_entr
from scipy.stats import entropy

from active.acquisition import ACQUISITIONS, Pool
from tests.active.acquisition.pools import pool_of
from tests.active.acquisition.test_uncertainty import scores


def test_bald_is_what_is_unsure_about_the_mean_but_not_about_the_members():
    said = pool_of(k=5).committee
    expected = entropy(said.mean(axis=0), axis=1) - entropy(said, axis=2).mean(axis=0)

    np.testing.assert_allclose(scores("bald", Pool(committee=said)), expected, atol=1e-6)


def test_kl_divergence_is_the_members_mean_divergence_from_their_mean():
    said = pool_of(k=5).committee
    expected = rel_entr(said, said.mean(axis=0)).sum(axis=2).mean(axis=0)

    np.testing.assert_allclose(scores("kl_divergence", Pool(committee=said)), expected, atol=1e-6)


def test_vote_entropy_is_the_entropy_of_the_shares_of_votes():
    said = pool_of(k=5, c=6).committee
    shares = np.stack([(said.argmax(axis=2) == label).mean(axis=0) for label in range(5)])

    np.testing.assert_allclose(
        scores("vote_entropy", Pool(committee=said)), entropy(shares, axis=0), atol=1e-6
    )


def test_vote_entropy_takes_those_who_diverge_more_first_among_equally_split():
    pool = pool_of(n=200)
    picks = ACQUISITIONS["vote_entropy"](pool, 200, np.random.default_rng(0))
    divergence = scores("kl_divergence", pool)[picks.index]

    ties = picks.score[1:] == picks.score[:-1]

    assert ties.sum() > 100
    assert (np.diff(divergence)[ties] <= 0).all()


@pytest.mark.parametrize("name", ["bald", "vote_entropy", "kl_divergence"])
@pytest.mark.parametrize("members", [0, 1])
def test_nobody_disagrees_with_nobody(name, members):
    pool = pool_of()

    alone = scores(name, replace(pool, committee=pool.committee[:members]))

    assert (alone == 0.0).all()
