"""What an endpoint said, by the protocol of chat completions: an answer, or which kind of no."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import orjson

# answered; refused: this question alone, as it is too long or not allowed; form: it does not know this form of answers;
# limited: 403 or 429; denied: 401; failed: it may work later; misfit: it will not work like this, whatever is asked;
# doubtful: refused or misfit, which shows in what becomes of other questions.
Kind = Literal["answered", "refused", "form", "limited", "denied", "failed", "misfit", "doubtful"]
# Some say it in a code, some only in words.
_THIS_QUESTION = ("context_length", "context length", "too long", "string_above_max_length", "too large", "content_filter", "content_policy", "content management policy", "maximum context", "safety", "data_inspection_failed")  # fmt: skip
_FORM = ("response_format", "json_schema", "json_object", "structured output")
# Behind these no minute helps; somebody has to pay first.
_EMPTY = ("insufficient_quota", "billing", "exceeded your current quota", "credit balance")
EMPTY_WAIT = 3_600.0
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request. `said` is for people; `text` is what the model wrote, where it answered."""

    kind: Kind
    said: str = ""
    text: str = ""
    refusal: str = ""
    finish: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    wait: float | None = None
    # Of the whole text, by the endpoint's own account.
    chance: float | None = None
    # 0: there was no answer.
    status: int = 0


def failed(said: str, wait: float | None = None) -> Reply:
    """The endpoint is at fault; it may work later."""
    return Reply("failed", said, wait=wait)


def misfit(said: str) -> Reply:
    """Nothing will work before somebody changes something."""
    return Reply("misfit", said)


def reply_of(status: int, headers: Mapping[str, str], said: bytes, hidden: Callable[[str], str]) -> Reply:
    """The reply behind a status, headers and a body. `hidden` takes out what nobody may read."""
    return replace(_reply_of(status, headers, said, hidden), status=status)


def _reply_of(status: int, headers: Mapping[str, str], said: bytes, hidden: Callable[[str], str]) -> Reply:
    if status == 200:
        return _answered(said)
    wait = wait_of(headers, datetime.now(UTC))
    code, message = _error(said)
    told = hidden(f"{status}: {message}" if message else f"The endpoint answered {status}.")[:_SHOWN]
    hints = f"{code} {message}".lower()
    if status == 401:
        return Reply("denied", told)
    if status in {403, 429}:
        empty = any(hint in hints for hint in _EMPTY)
        return Reply("limited", told, wait=max(wait or 0, EMPTY_WAIT) if empty else wait)
    if status in {400, 413, 422}:
        return Reply(_no(status, hints), told)
    if status >= 500 or status in {408, 409, 425}:
        return failed(told, wait)
    if 300 <= status < 400:
        return misfit(f"The endpoint answered {status}: it sends requests elsewhere. Give its final address.")
    return misfit(told)


def _no(status: int, hints: str) -> Kind:
    if status == 413 or any(hint in hints for hint in _THIS_QUESTION):
        return "refused"
    return "form" if any(hint in hints for hint in _FORM) else "doubtful"


def wait_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait, by Retry-After in either of its forms, or by retry-after-ms; None where nothing is said."""
    named = {name.lower(): value for name, value in headers.items()}
    finer, told = named.get("retry-after-ms"), named.get("retry-after")
    for text, unit in ((finer, 1000.0), (told, 1.0)):
        try:
            seconds = float(text or "") / unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    try:
        moment = parsedate_to_datetime(told or "")
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)


def _answered(said: bytes) -> Reply:
    try:
        body = orjson.loads(said)
        choice = body["choices"][0]
        message = choice["message"]
        text, refusal = message.get("content"), message.get("refusal")
        finish = choice.get("finish_reason")
    except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
        return failed("The endpoint answered 200, but not as chat completions do.")
    usage = body.get("usage")
    tokens_in, tokens_out = (_count(usage, name) for name in ("prompt_tokens", "completion_tokens"))
    return Reply(
        "answered",
        text=_text(text),
        refusal=_text(refusal),
        finish=_text(finish),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        chance=_chance(choice.get("logprobs")),
    )


def _text(found: Any) -> str:
    """Text as it is, or the parts of one."""
    if isinstance(found, str):
        return found
    if isinstance(found, list):
        parts = (part.get("text") for part in found if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def _count(usage: Any, name: str) -> int:
    found = usage.get(name) if isinstance(usage, dict) else None
    return found if isinstance(found, int) and 0 <= found < 10**9 else 0


def _chance(logprobs: Any) -> float | None:
    try:
        total = math.fsum(token["logprob"] for token in logprobs["content"])
    except (LookupError, TypeError):
        return None
    return min(math.exp(total), 1.0) if logprobs["content"] and math.isfinite(total) else None


def _error(said: bytes) -> tuple[str, str]:
    """Code and message of an error, in any of the shapes that servers write."""
    try:
        body = orjson.loads(said)
    except orjson.JSONDecodeError:
        return "", ""
    found = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(found, dict):
        codes = (found.get(name) for name in ("code", "type", "param"))
        message = found.get("message") or found.get("detail") or ""
        return " ".join(str(code) for code in codes if code), _line(message)
    return "", _line(found)


def _line(message: Any) -> str:
    text = message if isinstance(message, str) else orjson.dumps(message).decode()
    return " ".join(text.replace("\0", " ").split())[:_SHOWN]
