from pathlib import Path

import pytest

from active.learners import CALIBRATIONS, DEFAULT, LEARNERS
from tests.active.learners.contract import Contract


@pytest.fixture(params=[name for name in LEARNERS if name != "mlp"])
def name(request):
    return request.param


class TestLearners(Contract):
    pass


def test_the_default_is_listed():
    assert DEFAULT in LEARNERS


@pytest.mark.parametrize(("page", "names"), [("learners", LEARNERS), ("calibration", CALIBRATIONS)])
def test_methods_have_a_page(page, names):
    text = (Path(__file__).parents[3] / "docs" / "methods" / f"{page}.md").read_text()

    assert all(f"| `{name}` |" in text for name in names)
