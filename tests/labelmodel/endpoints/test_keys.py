"""Keys show themselves to nobody who does not ask for them."""

from __future__ import annotations

import pickle
import traceback

import pytest

from labelmodel.endpoints.keys import Key, KeyLimits, Secret

TEXT = "sk-proj-abcdefghijkl-9876"


def test_a_key_shows_its_last_four_characters() -> None:
    secret = Secret(TEXT)

    assert secret.shown == "…9876"
    assert TEXT not in f"{secret} {secret!r} {Key('k', secret)!r} {[secret]} %s" % secret
    assert secret.reveal() == TEXT


def test_of_a_short_key_nothing_is_shown() -> None:
    assert Secret("abcd1234").shown == "…"


def test_what_servers_repeat_of_a_key_is_hidden() -> None:
    assert Secret(TEXT).hide_in(f"Incorrect key {TEXT}!") == "Incorrect key …9876!"


def test_a_key_is_not_written_down() -> None:
    with pytest.raises(TypeError, match="not written down"):
        pickle.dumps(Key("k", Secret(TEXT)))


@pytest.mark.parametrize("text", ["", f"{TEXT}\r\nHost: evil", "with space", "ключ", "x" * 1001])
def test_what_cannot_stand_in_a_header_is_no_key_and_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="visible characters") as caught:
        Secret(text)

    assert not text or text not in "".join(traceback.format_exception_only(caught.value))


@pytest.mark.parametrize("limits", [{"requests_a_minute": 0}, {"tokens_a_day": -1}, {"at_once": 0}])
def test_limits_are_at_least_one(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        KeyLimits(**limits)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "x" * 65, "{x}"])
def test_ids_of_keys_are_plain(name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        Key(name, None)
