"""What every encoder promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from active.encoders import ENCODERS, from_bytes
from active.encoders.choosing import choose
from active.names import ENCODERS as NAMED
from tests.active.encoders.cases import MAKERS, STRANGE, Case, load, of


@pytest.fixture(scope="module", params=ENCODERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def case(name: str, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return MAKERS[name](tmp_path_factory.mktemp(name))


def test_vectors_have_the_dimension_that_is_told(name: str, case: Case) -> None:
    encoder = case.fit(name)

    rows = encoder.encode(case.sample, load=load)

    assert encoder.kind == name
    assert encoder.fields == ("value",)
    assert rows.shape == (len(case.sample), encoder.dimension)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    assert len(np.unique(rows, axis=0)) > 1


def test_the_same_sample_and_seed_give_the_same_bytes(name: str, case: Case) -> None:
    before = np.random.get_state()[1].copy()  # type: ignore[union-attr]

    one, other = case.fit(name, seed=3), case.fit(name, seed=3)

    assert one.to_bytes() == other.to_bytes()
    assert one.fingerprint == other.fingerprint
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_bytes_give_the_same_encoder(name: str, case: Case) -> None:
    encoder = case.fit(name)

    again = from_bytes(encoder.to_bytes())

    assert again.fingerprint == encoder.fingerprint
    np.testing.assert_array_equal(
        again.encode(case.sample, load=load), encoder.encode(case.sample, load=load)
    )


def test_damaged_bytes_are_refused(name: str, case: Case) -> None:
    data = bytearray(case.fit(name).to_bytes())
    data[-1] ^= 1

    for wrong in (bytes(data), bytes(data[:-5]), b"", b"something else"):
        with pytest.raises(ValueError, match="Fit"):
            from_bytes(wrong)


def test_a_payload_is_encoded_the_same_whatever_is_beside_it(name: str, case: Case) -> None:
    encoder = case.fit(name)

    together = encoder.encode(case.sample, load=load)

    alone = np.concatenate([encoder.encode([payload], load=load) for payload in case.sample[:6]])
    np.testing.assert_allclose(alone, together[:6], atol=1e-5)


def test_wrong_values_never_raise(name: str, case: Case) -> None:
    encoder = case.fit(name)

    rows = encoder.encode([*of(STRANGE), {}, {"other": 1}], load=load)

    assert np.isfinite(rows).all()
    assert np.abs(rows).max() < 100
    np.testing.assert_array_equal(rows[-1], rows[0])


@pytest.mark.parametrize("sample", [[], of([None, ""]), of(STRANGE)], ids=["none", "empty", "strange"])
def test_a_sample_with_nothing_to_learn_gives_an_encoder_all_the_same(
    name: str, case: Case, sample: list[dict[str, Any]]
) -> None:
    encoder = case.fit(name, sample=sample)

    assert np.isfinite(encoder.encode(case.sample, load=load)).all()
    assert encoder.encode([], load=load).shape == (0, encoder.dimension)
    assert from_bytes(encoder.to_bytes()).fingerprint == encoder.fingerprint


def test_what_is_alike_is_near(name: str, case: Case) -> None:
    one, like, other = case.fit(name).encode(case.alike, load=load)

    assert np.linalg.norm(one - like) < np.linalg.norm(one - other)


def test_unknown_options_and_types_are_refused_by_name(name: str, case: Case) -> None:
    with pytest.raises(ValueError, match="'sise'"):
        ENCODERS[name](case.sample, ["value"], options={**case.options, "sise": 3})
    for option, wrong in (("dimension", "many"), ("batch", 1.5), ("parts", 3), ("categories", True)):
        with pytest.raises(ValueError, match=f"'{option}'"):
            ENCODERS[name](case.sample, ["value"], options={**case.options, option: wrong})


def test_has_a_name_for_pages(name: str) -> None:
    assert NAMED[name].title


def test_what_is_chosen_is_listed(name: str) -> None:
    assert choose([], []).kind in ENCODERS
    assert name in MAKERS
