"""Discounted evidence: what each vote and each missing vote means, less what dependent sources say again.

The default for functions; docs/methods/discounted_evidence.md has the model and what was measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, triu

from labelmodel.estimators.companions import companions
from labelmodel.estimators.fits import Fit, closed_form, known_prior
from labelmodel.estimators.joint import rates, with_pool
from labelmodel.estimators.learning_rows import rows_to_learn_from
from labelmodel.estimators.lifts import balance_by_lifts
from labelmodel.estimators.meanings import (
    SHOWN_AHEAD,
    SHOWN_SLOW,
    evidence_in,
    expected_meaning,
    joint_of,
    learned_meaning,
)
from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.parts import once
from labelmodel.estimators.steps import TINY, normalize, settle_known
from labelmodel.estimators.temperature import coldness
from labelmodel.estimators.votes import Evidence, FloatArray, Gold, Votes, arrange
from labelmodel.estimators.weighing import Belief, Seen, heard, look, weigh

# Rounds of judging the items and learning from that; after the first ones nothing moves much.
ROUNDS = 6
# Rounds after which the dependence of sources is estimated anew.
PAIRED = (1, 3)
# So many labels are all considered; of more, those that occur.
FEW_LABELS = 20
# Known items, and others, that the estimated balance counts for.
KNOWN_AHEAD, ITEMS_AHEAD = 20.0, 20.0
# Most that the logarithm of a label's share follows the posterior, which drifts to labels whose votes tell more.
FOLLOWED = 0.45
# Share of the posterior that follows the prior, whatever the votes are.
DOUBT = 0.03


def fit(
    votes: Votes,
    *,
    prior: FloatArray | None = None,
    gold: Gold | None = None,
    seed: int = 0,
    rounds: int = ROUNDS,
) -> Fit:
    """Learn in a fixed number of rounds. Needs no settings, whatever the functions.

    gold is a pair of aligned arrays (item, label). A prior that is given stays as it is. seed chooses the items to
    learn from, where there are more than enough. objective has nothing to climb.
    """
    # A label that no function votes for may still be the truth.
    possible = np.arange(votes.n_labels) if votes.n_labels <= FEW_LABELS else None
    evidence = once(arrange(votes, gold, possible))
    lesson = lesson_of(evidence, known_prior(prior, evidence), seed)
    belief, chance = learn(lesson, rounds)
    arrays = arrays_of(belief, chance, lesson, coldness(lesson.evidence, belief, lesson.known))
    return closed_form("discounted_evidence", evidence, arrays, belief.balance, prior, judge)


def judge(parameters: Parameters, evidence: Evidence) -> FloatArray:
    """Posterior of rows and columns, (n_rows, n_columns)."""
    evidence, prior = once(evidence), parameters.prior[evidence.labels]
    base = np.log(np.maximum(prior, TINY)) + parameters.arrays["silence"]
    posterior = np.empty(evidence.shape)
    for part, scores, *_ in weigh(evidence, parameters.arrays, pairs_of(parameters), base):
        normalize(scores)
        posterior[part.where] = (1.0 - DOUBT) * scores + DOUBT * prior / max(prior.sum(), TINY)
    return settle_known(posterior, evidence)


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is learned from."""

    evidence: Evidence  # of some rows
    weight: FloatArray  # (n_rows,) items that each stands for
    without: float  # items without votes
    rate: FloatArray  # (n_sources, n_columns) share of all items on which a source votes for a column
    known: FloatArray  # (n_sources, n_columns given, n_columns true) votes on items with known labels
    copies: csr_array  # (n_sources, n_sources) how far each two are copies by their overlap alone
    balance: FloatArray  # (n_columns,) the prior that is given, or a first estimate
    follows: float  # how far the balance follows the posterior, in [0, 1]

    def moved(self, believed: FloatArray) -> FloatArray:
        """The balance where the posterior's is this."""
        items, first = float(self.weight.sum()) + self.without, np.maximum(self.balance, TINY)
        some = (items * believed + ITEMS_AHEAD * first) / (items + ITEMS_AHEAD)
        way = self.follows * np.log(some / first)
        shares = first * np.exp(FOLLOWED * np.tanh((way - first @ way) / FOLLOWED))
        return np.asarray(shares / shares.sum())


def lesson_of(evidence: Evidence, fixed: FloatArray | None, seed: int) -> Lesson:
    rows, weight = rows_to_learn_from(evidence, seed)
    without = float(evidence.n_items - len(evidence.items))
    copies = companions(rows, weight, None, None)
    balance, follows = (fixed, 0.0) if fixed is not None else (estimated_balance(rows, weight, copies), 1.0)
    # Items without votes only tell the balance back.
    follows *= (
        len(evidence.items) / max(evidence.n_items, 1) * KNOWN_AHEAD / (KNOWN_AHEAD + len(rows.known[0]))
    )
    return Lesson(rows, weight, without, rates(evidence), known_votes(rows), copies, balance, follows)


def known_votes(evidence: Evidence) -> FloatArray:
    columns = len(evidence.labels)
    truth = np.full(len(evidence.items), -1)
    truth[evidence.known[0]] = evidence.known[1]
    of_vote = truth[evidence.row]
    told = of_vote >= 0
    cells = (evidence.source[told] * columns + evidence.column[told]) * columns + of_vote[told]
    shape = evidence.n_sources, columns, columns
    return np.bincount(cells, minlength=evidence.n_sources * columns**2).reshape(shape).astype(float)


def learn(lesson: Lesson, rounds: int) -> tuple[Belief, FloatArray]:
    """What is held in the end, and the chance of each vote under each truth, (n_sources, true, given), for figures."""
    columns, sources = len(lesson.evidence.labels), lesson.evidence.n_sources
    pairs, believed = lesson.copies, lesson.balance
    meaning = np.tile(expected_meaning(believed), (sources, 1, 1))
    belief = believe(lesson, meaning, pairs, believed)
    seen = Seen(np.empty((0, columns)), np.zeros(columns), 0.0 * meaning, np.zeros((sources, columns)))
    for turn in range(rounds):
        seen = look(lesson.evidence, lesson.weight, lesson.without, belief)
        believed = seen.items / max(float(seen.items.sum()), TINY)
        if turn in PAIRED:
            pairs = companions(lesson.evidence, lesson.weight, seen.posterior, seen.items)
        belief = believe(
            lesson, learned_meaning(seen.soft, seen.told, lesson.known, believed), pairs, believed
        )
    # Figures say what was seen; only what items are judged by is held back.
    shown = learned_meaning(
        seen.soft,
        seen.told,
        lesson.known,
        believed,
        slow=SHOWN_SLOW,
        ahead=SHOWN_AHEAD,
        known_ahead=SHOWN_AHEAD,
    )
    joint = joint_of(shown, lesson.rate, belief.balance, believed)[..., :-1]
    return belief, joint / np.maximum(belief.balance[:, None], TINY)


def believe(lesson: Lesson, meaning: FloatArray, pairs: csr_array, believed: FloatArray) -> Belief:
    """What is held after a posterior of this balance."""
    balance = lesson.moved(believed)
    evidence = evidence_in(joint_of(meaning, lesson.rate, balance, believed))
    return Belief(balance, evidence[:, :-1], heard(evidence[:, -1], lesson.rate, pairs), pairs)


def estimated_balance(evidence: Evidence, weight: FloatArray, copies: csr_array) -> FloatArray:
    """Share of each label: by how its sources meet, moved by the known labels."""
    by_lifts = balance_by_lifts(evidence, weight, copies)
    known = np.bincount(evidence.known[1], minlength=len(by_lifts))
    return np.asarray((known + KNOWN_AHEAD * by_lifts) / (known.sum() + KNOWN_AHEAD))


def arrays_of(belief: Belief, chance: FloatArray, lesson: Lesson, coldness: float) -> dict[str, FloatArray]:
    """What is stored; everything that adds to a score already times the coldness."""
    pairs = triu(belief.pairs, 1).tocoo()
    voting = lesson.evidence.votes_by_source > 0
    evidence = belief.evidence[voting]
    if not voting.any():
        even = np.full(len(belief.balance), 1.0 / max(len(belief.balance), 1))
        evidence = np.log(expected_meaning(even) / np.maximum(even, TINY))[None]
    none = np.zeros((1, belief.quiet.shape[1]))
    return {
        "chance": with_pool(chance, lesson.evidence),
        "evidence": coldness * np.concatenate([belief.evidence, evidence.mean(axis=0, keepdims=True)]),
        "quiet": coldness * np.concatenate([belief.quiet, none]),
        "silence": coldness * belief.quiet.sum(axis=0),
        "pair": np.stack([pairs.row, pairs.col], axis=1),
        "dependence": pairs.data,
        "coldness": np.array([coldness]),
    }


def pairs_of(parameters: Parameters) -> csr_array:
    """Dependence of each two sources, (n_sources, n_sources)."""
    sources = parameters.n_sources
    one, other = parameters.arrays["pair"].reshape(-1, 2).T
    half = csr_array((parameters.arrays["dependence"], (one, other)), shape=(sources, sources))
    return csr_array(half + half.T)
