"""What was said in a batch of rows, made ready to be kept: by whom, of which item, under the project's questions, when."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from annotation.errors import InvalidAnswer
from annotation.importing.parquet import as_json
from annotation.importing.records import Record, Refused
from annotation.importing.shaping import Shaped, Shaper
from annotation.importing.spoken import Guess, Said, Spoken, TakeApart, apart
from annotation.importing.times import moment, seconds
from annotation.questions.types import BadValue
from annotation.services.import_batches import Batch
from annotation.services.import_fitting import Fitter, Misfit
from annotation.services.import_people import NOBODY

_NUL = b"\\u0000"


@dataclass(frozen=True, slots=True)
class Voice:
    """One answer to one item, as it is kept. `answer` and `kept` are JSON."""

    key: str
    author: str
    row: int
    said: Said
    values: dict[str, Any]
    answer: bytes
    kept: bytes | None
    nonce: str
    at: datetime | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Expected:
    """One prediction for one item."""

    key: str
    question: str
    value: Any
    source: str
    version: str
    confidence: float | None
    distribution: dict[str, float]


@dataclass
class SpokenBatch(Batch):
    """A batch whose rows say something of their items. Rows of one item may come one after the other."""

    take_apart: TakeApart | None = None
    spoken: dict[str, list[tuple[int, Spoken]]] = field(default_factory=dict)

    def fill(self, records: Iterator[Record], shaper: Shaper) -> Iterator[Shaped]:
        return super().fill(self._apart(records), _Inside(self, shaper))  # type: ignore[arg-type]

    def _repeat(self, shaped: Shaped, earlier: Shaped) -> None:
        if earlier.digest != shaped.digest:
            # Refused with all that it says.
            self.spoken[shaped.key].pop()
        super()._repeat(shaped, earlier)

    def _apart(self, records: Iterator[Record]) -> Iterator[Any]:
        assert self.take_apart is not None
        for record in records:
            yield record if isinstance(record, Refused) else apart(self.take_apart, record)


class _Inside:
    """A shaper of what is inside spoken rows, which keeps what was said beside the item's key."""

    def __init__(self, batch: SpokenBatch, shaper: Shaper) -> None:
        self._batch, self._shaper = batch, shaper

    def shape(self, spoken: Spoken, row: int) -> Shaped | Refused:
        shaped = self._shaper.shape(spoken.values, row, spoken.key)
        if isinstance(shaped, Shaped):
            self._batch.spoken.setdefault(shaped.key, []).append((row, spoken))
            self._batch.size += sum(200 + len(str(said.kept or "")) for said in spoken.answers)
        return shaped


class Reader:
    """Makes voices and predictions of spoken rows."""

    def __init__(self, project_id: int, fitter: Fitter, *, platform: str, author: str = "") -> None:
        self._project, self._platform, self._fitter = project_id, platform, fitter
        self._author = author or NOBODY

    def voices(self, key: str, rows: list[tuple[int, Spoken]]) -> Iterator[tuple[int, Voice | Refused]]:
        """The answers to one item, with their rows; notes among them, that refuse nothing."""
        nameless = 0
        for row, spoken in rows:
            yield from ((row, note) for note in spoken.notes)
            for said in spoken.answers:
                nameless += not said.author
                author = said.author or (self._author if nameless == 1 else f"{self._author} {nameless}")
                for told in self._voice(key, author, row, said):
                    yield row, told

    def _voice(self, key: str, author: str, row: int, said: Said) -> Iterator[Voice | Refused]:
        fitted = self._fitter.fit(said.values) if said.as_ != "skip" else None
        if fitted is not None and fitted.refused is not None:
            yield _of_author(fitted.refused, author)
            return
        at = moment(said.created_at)
        if at is None and said.created_at not in (None, ""):
            yield Refused(
                f"“{str(said.created_at)[:60]}” is no time; the answer by {author} has none.", "time"
            )
        took = None if said.seconds in (None, "") else seconds(said.seconds)
        if took is None and said.seconds not in (None, ""):
            yield Refused(
                f"“{str(said.seconds)[:60]}” is no duration in seconds; the answer by {author} has none.",
                "seconds",
            )
        kept = said.kept
        if fitted is not None and fitted.unfit:
            kept = {**(kept or {"from": self._platform}), "unfit": fitted.unfit}
        values = fitted.answer if fitted else {}
        body, kept_body = as_body(values), as_body(kept)
        if isinstance(body, Refused) or isinstance(kept_body, Refused):
            yield body if isinstance(body, Refused) else kept_body  # type: ignore[misc]
            return
        nonce = self._nonce(key, said)
        yield Voice(key, author, row, said, values, body, kept and kept_body, nonce, at, took)  # type: ignore[arg-type]

    def _nonce(self, key: str, said: Said) -> str:
        """The same whenever the same answer of the same source comes again; another once it has changed there."""
        told = [self._project, key, self._platform, said.author, said.id, said.values, said.kept]
        body = orjson.dumps(told, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
        return f"import-{hashlib.sha256(body).hexdigest()[:40]}"

    def expected(
        self, key: str, rows: Iterable[tuple[int, Spoken]]
    ) -> Iterator[tuple[int, Expected | Refused]]:
        """What models say of one item."""
        for row, spoken in rows:
            for guess in spoken.guesses:
                try:
                    found = self._expected(key, guess)
                except (Misfit, BadValue, InvalidAnswer, TypeError, ValueError) as error:
                    yield row, Refused(f"A prediction by {guess.source} is left out: {error}", guess.question)
                else:
                    if found is not None:
                        yield row, found

    def _expected(self, key: str, guess: Guess) -> Expected | None:
        name = self._fitter.name_of(guess.question)
        if name is None:
            return None
        part = self._fitter.form.parts[name]
        value = self._fitter.value(name, guess.value)
        value = None if value is None else part.clean(value, None)
        if value is None:
            return None
        confidence, shares = _scores(guess, value)
        version = guess.version or "1"
        return Expected(key, name, value, guess.source[:80], version[:40], confidence, shares)


def _scores(guess: Guess, value: Any) -> tuple[float | None, dict[str, float]]:
    """The confidence, None where nothing tells it, and the probability of each label as far as it is told. Raises Misfit."""
    labels = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    given = guess.score if isinstance(guess.score, list | tuple) else [guess.score]
    scores = [_score(one) for one in given if one is not None and one != ""]
    shares = {str(label): _score(share) for label, share in guess.distribution.items()}
    if not scores:
        told = [shares[label] for label in labels if label in shares]
        return (min(told), shares) if told else (None, {})
    if not shares:
        each = scores if len(scores) == len(labels) else [min(scores)] * len(labels)
        shares = dict(zip(labels, each, strict=True))
    return min(scores), shares


def _score(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= 1:
        raise Misfit(f"a score is a number from 0 to 1, not {str(value)[:40]}.")
    return number


def as_body(value: Any) -> bytes | Refused:
    """JSON that the database can hold."""
    try:
        body = orjson.dumps(value, default=as_json)
    except (TypeError, RecursionError) as error:
        return Refused(f"The answer cannot be written as JSON ({str(error.__cause__ or error)[:200]}).")
    if _NUL in body:
        return Refused("The answer holds the character U+0000. Remove it.")
    return body


def _of_author(refused: Refused, author: str) -> Refused:
    return Refused(f"The answer by {author} is left out: {refused.message}", refused.field)


def kept_types(voices: Iterable[Voice]) -> Counter[str]:
    """How many things of each type are kept that no question holds."""
    return Counter(kind for voice in voices for kind in voice.said.kept_types)
