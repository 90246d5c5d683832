"""The threads of one call: each takes a question, a key, and notes what came of it, until there is a reason to stop.

Nobody asks again here because something failed. Another key is tried where the pool has one, and a pause that the pool names is
waited for, once, as long as it is short.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from redis import RedisError

from labelmodel.endpoints import client
from labelmodel.endpoints.answers import Answer, digest_of
from labelmodel.endpoints.client import Lines
from labelmodel.endpoints.pool import Lease, Outcome, Settled, Wait
from labelmodel.endpoints.prompting import Form
from labelmodel.endpoints.replies import Kind, Reply
from labelmodel.endpoints.source import Forms, Limits, Source

Write = Callable[[int, Form], bytes]
# The digest that a question is known by, and its position.
Question = tuple[str, int]
_OUTCOMES: dict[Kind, Outcome] = {
    "answered": "ok",
    "refused": "refused",
    "doubtful": "refused",
    "form": "refused",
    "limited": "limited",
    "denied": "denied",
    "failed": "failed",
    "misfit": "misfit",
}
_WAITS = {
    "busy": "All keys are in use.",
    "minute": "All keys have sent as many requests as they may in a minute.",
    "day": "All keys have used as many tokens as they may in a day.",
    "cooling": "All keys are cooling down.",
    "endpoint": "The endpoint failed several times and is given a rest.",
    "off": "No key of this endpoint is switched on.",
}
# So many doubtful refusals, and nothing else: it is not the questions.
_MOST_DOUBTS = 5
_WATCHED_EVERY = 0.2
# Only somebody can end such a wait; whoever does wakes those that wait.
_NEVER = 300.0


class Call:
    """What is known so far, by digest. Threads share it; each question belongs to one of them."""

    def __init__(
        self, source: Source, write: Write, forms: Forms, limits: Limits, tokens: Callable[[bytes], int]
    ) -> None:
        self.source, self.write, self.forms, self.limits, self.tokens = source, write, forms, limits, tokens
        self.answers: dict[str, Answer] = {}
        self.refused: dict[str, str] = {}
        self.doubts: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        # Seconds for which single questions are left alone.
        self.rests: list[float] = []
        self.requests, self.stopped, self.misfit = 0, "", False
        # A misfit of a while ago.
        self.resting = False
        self.again_in: float | None = None
        self._form = forms.now
        self._lock, self._ended, self._lines = threading.Lock(), threading.Event(), Lines()
        self._deadline = time.monotonic() + limits.seconds

    def ask(self, questions: Sequence[Question]) -> None:
        """Ask until all is said, or there is a reason to stop."""
        coming, size = iter(questions), min(self.limits.at_once, len(questions))
        if not size:
            return
        with ThreadPoolExecutor(size, thread_name_prefix="endpoint") as threads:
            working = [threads.submit(self._work, coming) for _ in range(size)]
            self._watch(working)
        for one in working:
            one.result()

    def stop(self, why: str, again_in: float | None = None) -> None:
        """Ask nothing more. The first reason is the one that is told."""
        with self._lock:
            if not self._ended.is_set():
                self.stopped, self.again_in = why, again_in
                self._ended.set()

    def stop_without_redis(self) -> None:
        """Without the pool nobody knows what may be asked, so nothing is."""
        self.stop("Redis, which counts what may be asked, is away.", 10.0)

    def digest(self, body: bytes) -> str:
        """What a request is known by."""
        return digest_of(self.source.endpoint.base_url, body)

    def _watch(self, working: Sequence[Future[None]]) -> None:
        try:
            while wait(working, timeout=_WATCHED_EVERY).not_done:
                if not self._lines.are_cut and self.source.cancelled():
                    self._cancel()
        except BaseException:
            # Whoever waits for the call is told to end; its threads end too.
            self._cancel()
            raise

    def _cancel(self) -> None:
        self.stop("Cancelled.")
        self._lines.cut()

    def _work(self, coming: Iterator[Question]) -> None:
        try:
            while (question := self._next(coming)) is not None:
                self._one(*question)
        except RedisError:
            self.stop_without_redis()
        except BaseException:
            self.stop("An error in the program.")
            raise

    def _next(self, coming: Iterator[Question]) -> Question | None:
        with self._lock:
            return None if self._ended.is_set() else next(coming, None)

    def _one(self, digest: str, position: int) -> None:
        tries, said = self.limits.tries, ""
        while tries:
            form = self.forms.now
            body = self.write(position, form)
            # What the fallback was answered is kept under its own requests.
            own = digest if form == self._form else self.digest(body)
            if own != digest and (known := self.source.answers.known([own]).get(own)):
                self.answers[digest] = known
                return
            lease = self._lease(self.tokens(body))
            if lease is None:
                return
            reply = self._sent(lease, body)
            if reply.kind == "form" and self.forms.fall_back(form):
                continue
            if reply.kind not in {"limited", "denied"}:
                self._note(digest, own, reply)
                return
            tries, said = tries - 1, reply.said
        self.failed[digest] = said

    def _lease(self, tokens: int) -> Lease | None:
        if not self.source.budget.take():
            self.stop("As many requests were sent as may be sent.")
            return None
        while not self._ended.is_set():
            if time.monotonic() >= self._deadline:
                self.stop("The time of this call is over.", 0.0)
                break
            found = self.source.pool.take(tokens)
            if isinstance(found, Lease):
                return found
            self._wait(found)
        self.source.budget.give_back()
        return None

    def _wait(self, told: Wait) -> None:
        left = self._deadline - time.monotonic()
        if told.seconds is None or told.seconds > min(self.limits.longest_wait, left):
            self.stop(_WAITS[told.why], _NEVER if told.seconds is None else told.seconds)
        else:
            # Not all at the same moment.
            self._ended.wait(told.seconds * (1 + random.random() / 4))  # noqa: S311

    def _sent(self, lease: Lease, body: bytes) -> Reply:
        source = self.source
        with self._lock:
            self.requests += 1
        reply = client.post(source.endpoint, body, lease.secret, patience=source.patience, lines=self._lines)
        cut = self._lines.are_cut and reply.kind == "failed"
        outcome: Outcome = "cut" if cut else _OUTCOMES[reply.kind]
        try:
            source.pool.settle(
                lease,
                Settled(outcome, reply.tokens_in, reply.tokens_out, reply.wait, reply.said, reply.status),
            )
        except RedisError:
            # What was answered is paid for, and not thrown away.
            self.stop_without_redis()
        return reply

    def _note(self, digest: str, own: str, reply: Reply) -> None:
        """Note what came of a question."""
        match reply.kind:
            case "answered":
                answer = Answer(reply.text, reply.refusal, reply.finish, reply.chance)
                self.answers[digest] = answer
                self.source.answers.keep(own, answer)
            case "refused":
                self.refused[digest] = reply.said
            case "doubtful":
                self.doubts[digest] = reply.said
                if len(self.doubts) >= _MOST_DOUBTS and not self.answers:
                    self.stop(reply.said)
            case "failed" if self._lines.are_cut:
                pass
            case "failed":
                self.failed[digest] = reply.said
                self.rests.append(self.source.answers.rest(digest))
            case _:
                self.misfit = True
                self.stop(reply.said)
