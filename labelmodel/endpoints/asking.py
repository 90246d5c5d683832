"""Many questions to one endpoint: each once, those that were answered before not at all.

A question has one of three fates: answered; refused, by the endpoint, for what it is (it will not be answered tomorrow either);
or unseen, to be asked again later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from redis import RedisError

from labelmodel.endpoints.answers import Answer
from labelmodel.endpoints.calling import Call, Write
from labelmodel.endpoints.source import Forms, Limits, Source

T = TypeVar("T")
_LOOKED_UP_AT_ONCE = 1_000
RESTING = "The endpoint failed on it; it is asked again later."


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of the questions, by position; each is in one of the three.

    `stopped`: why the call ended early; `again_in`: seconds before which it is of no use to go on; `later`: before which those
    that the endpoint failed on are left alone. `misfit`: it ended as the address, the model or a setting is wrong.
    """

    answers: Mapping[int, Answer]
    refused: Mapping[int, str]
    unseen: Mapping[int, str]
    requests: int = 0
    stopped: str = ""
    again_in: float | None = None
    later: float | None = None
    misfit: bool = False


def ask_all(
    source: Source,
    count: int,
    write: Write,
    *,
    subject: str,
    tokens: Callable[[bytes], int],
    forms: Forms,
    limits: Limits,
) -> Asked:
    """Ask questions 0 to count - 1, some at a time. Nothing is raised for what an endpoint or Redis does.

    write: the request of a question in a form, called by many threads; equal requests are sent once. subject: what they
    all depend on, such as the model. tokens: what a request may cost at most.
    """
    call = Call(source, write, forms, limits, tokens)
    positions: dict[str, list[int]] = {}
    for position in range(count):
        positions.setdefault(call.digest(write(position, forms.now)), []).append(position)
    common = call.digest(subject.encode())
    try:
        resting = _look_up(call, common, list(positions))
    except RedisError:
        call.stop_without_redis()
        resting = {}
    known = len(call.answers)
    if not call.stopped:
        call.ask(
            [
                (digest, some[0])
                for digest, some in positions.items()
                if digest not in call.answers and digest not in resting
            ]
        )
    _conclude(call, common, answered=len(call.answers) > known)
    return _asked(call, positions)


def _look_up(call: Call, common: str, digests: Sequence[str]) -> dict[str, float]:
    """Take up what was answered before; those that are left alone for now."""
    kept, left_alone = call.source.answers, dict[str, float]()
    if common in (found := kept.resting([common])):
        call.stop("What was wrong with the address or the model is looked at again later.", found[common])
        call.resting = True
    for first in range(0, len(digests), _LOOKED_UP_AT_ONCE):
        some = digests[first : first + _LOOKED_UP_AT_ONCE]
        call.answers.update(kept.known(some))
        left_alone.update(kept.resting([digest for digest in some if digest not in call.answers]))
    call.failed.update(dict.fromkeys(left_alone, RESTING))
    call.rests.extend(left_alone.values())
    return left_alone


def _conclude(call: Call, common: str, *, answered: bool) -> None:
    """Decide the doubts: where others were answered it is the questions, where none was it is what they have in common."""
    kept = call.source.answers
    try:
        if answered:
            call.refused.update(call.doubts)
            kept.wake(common)
        else:
            call.failed.update(call.doubts)
            call.rests.extend(kept.rest(digest) for digest in call.doubts)
        if call.misfit:
            call.again_in = kept.rest(common)
    except RedisError:
        call.stop_without_redis()


def _asked(call: Call, positions: Mapping[str, Sequence[int]]) -> Asked:
    def spread(found: Mapping[str, T]) -> dict[int, T]:
        return {position: found[digest] for digest in found for position in positions[digest]}

    answers, refused = spread(call.answers), spread(call.refused)
    unsaid = {
        position: call.failed.get(digest) or call.stopped or "It was not asked."
        for digest, some in positions.items()
        if digest not in call.answers and digest not in call.refused
        for position in some
    }
    later = min(call.rests, default=None)
    return Asked(
        answers,
        refused,
        unsaid,
        call.requests,
        call.stopped,
        call.again_in,
        later,
        misfit=call.misfit or call.resting,
    )
