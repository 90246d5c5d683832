import pytest

from active.learners import DEFAULT, LEARNERS
from tests.active.learners.contract import Contract


@pytest.fixture(params=[name for name in LEARNERS if name != "mlp"])
def name(request):
    return request.param


class TestLearners(Contract):
    pass


def test_the_default_is_listed():
    assert DEFAULT in LEARNERS
