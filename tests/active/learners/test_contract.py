from pathlib import Path

import pytest

from active.learners import CALIBRATIONS, DEFAULT, KINDS, LEARNERS
from active.learners.losses_by_row import log_losses
from tests.active.learners.contract import Contract, example, fitted


@pytest.fixture(params=[name for name in LEARNERS if name != "mlp"])
def name(request):
    return request.param


class TestLearners(Contract):
    pass


@pytest.mark.parametrize("kind", KINDS)
def test_trees_tell_their_loss(kind):
    features, targets, _ = example(kind)
    loss, times = ("single", 1) if kind != "set" else ("set", 3)

    model = fitted("boosting", features, targets, kind=kind)

    by_row = log_losses(loss, model.predict(features), targets)
    assert model.loss == pytest.approx(times * by_row.mean(), rel=0.5 if kind == "ordinal" else 1e-3)


def test_the_default_is_listed():
    assert DEFAULT in LEARNERS


@pytest.mark.parametrize(("page", "names"), [("learners", LEARNERS), ("calibration", CALIBRATIONS)])
def test_methods_have_a_page(page, names):
    text = (Path(__file__).parents[3] / "docs" / "methods" / f"{page}.md").read_text()

    assert all(f"| `{name}` |" in text for name in names)
