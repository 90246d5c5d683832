"""Figures of the endpoints of language models: what each key was used for, and whether it can be used."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from labelmodel.endpoints.usage import KeyState
from labelmodel.reports import endpoint_keys
from labelmodel.reports.endpoint_keys import Standing

_LABELS = ["endpoint", "key"]
_STATES = ("on", "cooling", "off")


def collect() -> Iterator[Metric]:
    """Nothing where no endpoint is configured, or Redis is away. Keys are named by what they are counted by."""
    try:
        found = endpoint_keys.standings()
    except ImproperlyConfigured:
        return
    if found:
        yield from _used([(one.name, key) for one in found for key in one.keys])
        yield from _usable(found)


def _used(keys: list[tuple[str, KeyState]]) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "querent_llm_requests", "Requests sent to language models.", labels=_LABELS
    )
    tokens = CounterMetricFamily(
        "querent_llm_tokens", "Tokens of requests (in) and answers (out).", labels=[*_LABELS, "direction"]
    )
    errors = CounterMetricFamily(
        "querent_llm_errors", "Requests that got no answer, by status of HTTP.", labels=[*_LABELS, "status"]
    )
    for endpoint, key in keys:
        used = key.used
        requests.add_metric([endpoint, key.id], used.requests)
        tokens.add_metric([endpoint, key.id, "in"], used.tokens_in)
        tokens.add_metric([endpoint, key.id, "out"], used.tokens_out)
        refused = {"401": used.denied, "403": used.forbidden, "429": used.limited}
        for status, count in {**refused, "other": used.errors - sum(refused.values())}.items():
            errors.add_metric([endpoint, key.id, status], max(count, 0))
    yield from (requests, tokens, errors)


def _usable(found: list[Standing]) -> Iterator[Metric]:
    keys = GaugeMetricFamily("querent_llm_keys", "Keys by how they stand.", labels=["endpoint", "state"])
    usable = GaugeMetricFamily(
        "querent_llm_keys_usable", "Keys that a request may go with now.", labels=["endpoint"]
    )
    for one in found:
        for state in _STATES:
            keys.add_metric([one.name, state], sum(key.stands == state for key in one.keys))
        usable.add_metric([one.name], one.usable)
    yield from (keys, usable)
