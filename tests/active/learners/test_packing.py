import numpy as np
import pytest

from active.learners import NotReadable, calibrate, logistic, model_from_bytes, one_hot
from active.learners.packing import packed
from tests.active.learners.rigs import blobs, claims


def stored():
    features, labels = blobs()
    return logistic.fit(features, one_hot(labels, 3)).to_bytes()


@pytest.mark.parametrize("wrong", [b"", b"PK\x03\x04", b"no model at all", stored()[:-100], stored()[100:]])
def test_refuses_what_is_no_model(wrong):
    with pytest.raises(NotReadable, match="this is not a model of Querent, or it is damaged"):
        model_from_bytes(wrong)


def test_refuses_a_bit_that_flipped():
    data = bytearray(stored())
    data[len(data) // 2] ^= 1

    with pytest.raises(NotReadable, match="damaged"):
        model_from_bytes(bytes(data))


def test_refuses_a_pickle():
    with pytest.raises(NotReadable):
        model_from_bytes(np.array([{"a": 1}]).dumps())


def test_refuses_a_calibration_and_an_unknown_learner():
    with pytest.raises(NotReadable, match="this is a calibration of Querent, not a model"):
        model_from_bytes(calibrate(*claims(n=50)).calibration.to_bytes())
    with pytest.raises(NotReadable, match="by 'oracle', which is not one of logistic"):
        model_from_bytes(packed("a model of Querent", {"learner": "oracle"}, {}))
    with pytest.raises(NotReadable, match="lacks or exceeds what logistic needs"):
        model_from_bytes(packed("a model of Querent", {"learner": "logistic"}, {}))
