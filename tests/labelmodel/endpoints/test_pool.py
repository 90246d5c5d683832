"""The pool against a real Redis: which key is taken, and when none is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis

from labelmodel.endpoints import usage
from labelmodel.endpoints.keys import Key, KeyLimits, Secret
from labelmodel.endpoints.pool import Lease, Pauses, Pool, Settled, Wait, base_of

LIMITS = KeyLimits(at_once=100)
QUICK = Pauses(first=0.1, most=10.0)


def keys(*names: str, limits: KeyLimits = LIMITS) -> list[Key]:
    return [Key(name, Secret(f"sk-secret-of-{name}"), limits) for name in names]


def taken(pool: Pool, tokens: int = 10) -> Lease:
    found = pool.take(tokens)
    assert isinstance(found, Lease), found
    return found


def refused(pool: Pool, tokens: int = 10) -> Wait:
    found = pool.take(tokens)
    assert isinstance(found, Wait), found
    return found


def said(pool: Pool, outcome: Any, lease: Lease | None = None, **more: Any) -> None:
    assert pool.settle(lease or taken(pool), Settled(outcome, **more))


def later(redis: Redis, endpoint: str, key: str | None, seconds: float = 3600.0) -> None:
    """Let the pause of a key, or of the endpoint, have ended, and have begun so long ago."""
    of = f"{base_of(endpoint)}:key:{key}" if key else f"{base_of(endpoint)}:endpoint"
    for field in ("cool_until", "cooled_at"):
        if (then := redis.hget(of, field)) is not None:
            redis.hset(of, field, int(then) - round(seconds * 1000))


def test_keys_take_turns(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", "b", "c"))

    order = []
    for _ in range(9):
        lease = taken(pool)
        order.append(lease.key)
        said(pool, "ok", lease)

    assert order == ["a", "b", "c"] * 3


def test_the_key_with_the_fewest_requests_on_their_way_goes_first(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", "b"))
    first, second, third = (taken(pool) for _ in range(3))
    said(pool, "ok", third)
    said(pool, "ok", first)

    assert [first.key, second.key, third.key] == ["a", "b", "a"]
    assert taken(pool).key == "a"


def test_a_lease_carries_the_secret_that_redis_never_sees(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a"))
    lease = taken(pool)
    said(pool, "limited", lease, said="429: slow down")

    assert lease.secret == Secret("sk-secret-of-a")
    everything = [redis.hgetall(n) if redis.type(n) == b"hash" else n for n in redis.scan_iter(f"*{name}*")]
    assert everything
    assert b"sk-secret" not in repr(everything).encode()


def test_a_key_has_so_many_requests_at_once(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", limits=KeyLimits(at_once=2)))
    one, _ = taken(pool), taken(pool)

    assert refused(pool).why == "busy"
    said(pool, "ok", one)
    assert taken(pool).key == "a"


def test_a_minute_slides(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", limits=KeyLimits(requests_a_minute=3)))
    for _ in range(3):
        said(pool, "ok")
    wait = refused(pool)
    minute = f"{base_of(name)}:minute:a"
    oldest = int(redis.lindex(minute, -1))
    redis.lset(minute, -1, oldest - 60_000)

    assert wait.why == "minute"
    assert wait.seconds is not None
    assert 55 < wait.seconds <= 60
    said(pool, "ok")
    assert refused(pool).why == "minute"


def test_tokens_of_a_day_are_reserved_and_given_back(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", limits=KeyLimits(tokens_a_day=100)))
    lease = taken(pool, 90)

    assert refused(pool, 20).why == "busy"
    said(pool, "ok", lease, tokens_in=30, tokens_out=10)
    said(pool, "ok", taken(pool, 60), tokens_in=50, tokens_out=5)
    wait = refused(pool, 10)
    assert wait.why == "day"
    assert wait.seconds == pytest.approx(86_400 - time.time() % 86_400, abs=5)
    assert taken(pool, 5)


def test_tokens_of_a_request_without_an_answer_stay_spent(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", limits=KeyLimits(tokens_a_day=100)))
    said(pool, "failed", taken(pool, 60))
    said(pool, "cut", taken(pool, 30))

    assert refused(pool, 20).why == "day"


def test_a_new_day_has_all_its_tokens(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", limits=KeyLimits(tokens_a_day=100)))
    said(pool, "ok", taken(pool, 100), tokens_in=100)
    redis.hincrby(f"{base_of(name)}:key:a", "day", -1)

    assert taken(pool, 100)


@pytest.mark.parametrize("told", [0.4, 30.0])
def test_a_key_cools_down_for_as_long_as_it_is_told(redis: Redis, name: str, told: float) -> None:
    pool = Pool(redis, name, keys("a", "b"))
    said(pool, "limited", wait=told, said="429")

    assert [taken(pool).key for _ in range(3)] == ["b"] * 3
    state = usage.key_state(redis, name, keys("a")[0])
    assert state.cooling_until is not None
    assert (state.cooling_until - datetime.now(UTC)).total_seconds() == pytest.approx(told, abs=0.3)
    assert state.why == "429"


def test_no_server_is_believed_that_asks_for_a_year(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a"))
    said(pool, "limited", wait=3e7)

    assert refused(pool).seconds == pytest.approx(86_400, abs=5)


def test_pauses_grow_while_it_goes_on_and_no_further_than_said(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a"), pauses=Pauses(first=10.0, most=60.0))
    pauses = []
    for _ in range(6):
        said(pool, "limited")
        pauses.append(refused(pool).seconds or 0)
        later(redis, name, "a")

    for pause, most in zip(pauses, (10, 20, 40, 60, 60, 60), strict=True):
        assert most / 2 - 0.2 < pause <= most


def test_pauses_differ_between_workers(redis: Redis, name: str) -> None:
    pauses = set()
    for _ in range(8):
        pool = Pool(redis, name, keys("a"))
        said(pool, "limited")
        pauses.add(round(refused(pool).seconds or 0, 1))
        usage.put_back(redis, name, "a")

    assert len(pauses) > 3


def test_many_refusals_at_once_are_one_pause(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a"), pauses=Pauses(first=10.0, most=3600.0))
    leases = [taken(pool) for _ in range(16)]
    for lease in leases:
        said(pool, "limited", lease)

    wait = refused(pool)
    assert wait.why == "cooling"
    assert (wait.seconds or 0) <= 10
    assert usage.key_state(redis, name, keys("a")[0]).failures == 1


def test_what_was_sent_before_the_pause_does_not_end_it(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a"))
    early, other = taken(pool), taken(pool)
    time.sleep(0.002)
    said(pool, "limited", other, wait=30.0)
    said(pool, "ok", early)

    assert refused(pool).why == "cooling"


def test_behind_a_pause_one_request_goes_ahead(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a"))
    said(pool, "limited", wait=30.0)
    later(redis, name, "a")
    probe = taken(pool)

    assert refused(pool).why == "busy"
    said(pool, "ok", probe)
    assert [taken(pool).key for _ in range(3)] == ["a"] * 3


def test_the_soonest_of_all_pauses_is_told(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", "b", "c"))
    for pause in (50.0, 20.0, 40.0):
        said(pool, "limited", wait=pause)

    wait = refused(pool)
    assert wait.why == "cooling"
    assert wait.seconds == pytest.approx(20, abs=1)


def test_a_denied_key_stays_off_until_somebody_puts_it_back(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", "b"))
    said(pool, "denied", said="401: Incorrect API key")

    assert [taken(pool).key for _ in range(3)] == ["b"] * 3
    state = usage.key_state(redis, name, keys("a")[0])
    assert state.off_at is not None
    assert abs((datetime.now(UTC) - state.off_at).total_seconds()) < 5
    assert state.off_why == "401: Incorrect API key"
    usage.put_back(redis, name, "a")
    assert taken(pool).key == "a"


def test_without_a_key_nobody_waits(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a"))
    said(pool, "denied")

    assert refused(pool) == Wait("off", None)
    assert refused(Pool(redis, name, [])) == Wait("off", None)


def test_a_person_may_switch_a_key_off(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a"))
    usage.switch_off(redis, name, "a", "Too expensive.")
    usage.switch_off(redis, name, "a", "Again.")

    assert refused(pool).why == "off"
    assert usage.key_state(redis, name, keys("a")[0]).off_why == "Too expensive."


def test_an_endpoint_that_fails_is_given_a_rest_whatever_the_key(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", "b", "c", "d"), pauses=Pauses(first=10.0))
    for _ in range(3):
        said(pool, "failed", said="500")

    wait = refused(pool)
    assert wait.why == "endpoint"
    assert 4 < (wait.seconds or 0) <= 10
    state = usage.endpoint_state(redis, name)
    assert (state.failures, state.why) == (3, "500")
    usage.wake(redis, name)
    assert taken(pool)


def test_one_failure_now_and_then_does_not_stop_an_endpoint(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a"))
    for _ in range(5):
        said(pool, "failed")
        said(pool, "failed")
        said(pool, "ok")

    assert taken(pool)


def test_an_endpoint_that_says_when_is_left_alone_at_once(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", "b"))
    said(pool, "failed", wait=30.0)

    wait = refused(pool)
    assert wait.why == "endpoint"
    assert wait.seconds == pytest.approx(30, abs=1)


def test_behind_a_rest_one_request_of_all_keys_goes_ahead(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", "b"))
    for _ in range(3):
        said(pool, "failed")
    later(redis, name, None)
    probe = taken(pool)

    assert refused(pool).why == "busy"
    said(pool, "failed", probe)
    assert refused(pool).why == "endpoint"
    assert usage.endpoint_state(redis, name).failures == 4


def test_what_a_dead_worker_held_is_free_again(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", limits=KeyLimits(at_once=1)), patience=0.1)
    lost = taken(pool)
    assert refused(pool).why == "busy"
    time.sleep(0.12)

    assert taken(pool)
    assert not pool.settle(lost, Settled("denied"))
    assert usage.key_state(redis, name, keys("a")[0]).used.errors == 1


def test_a_request_is_settled_once(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a"))
    lease = taken(pool)

    assert pool.settle(lease, Settled("ok", 10, 2))
    assert not pool.settle(lease, Settled("ok", 10, 2))
    assert usage.key_state(redis, name, keys("a")[0]).used == usage.Used(1, 0, 10, 2)


def test_what_was_used_is_counted_by_key_and_hour(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", "b"))
    for outcome in ("ok", "limited", "refused"):
        said(pool, outcome, tokens_in=7, tokens_out=3)

    a, b = (usage.key_state(redis, name, key) for key in keys("a", "b"))
    assert (a.used.requests + b.used.requests, a.used.errors + b.used.errors) == (3, 2)
    hours = usage.hours(redis, name, "a", most=5)
    assert len(hours) == 5
    assert [hour for hour, _ in hours] == sorted(hour for hour, _ in hours)
    assert sum(used.tokens_in for _, used in hours) == a.used.tokens_in > 0
    assert (a.shown, a.in_flight) == ("…of-a", 0)


def test_a_key_that_is_gone_leaves_nothing(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a", "ab", limits=KeyLimits(requests_a_minute=9)))
    said(pool, "ok", tokens_in=1)
    said(pool, "ok", tokens_in=1)
    usage.forget(redis, name, "a")

    left = {n.decode().removeprefix(base_of(name)) for n in redis.scan_iter(f"*{name}*")}
    assert not {one for one in left if one.endswith(":a") or ":a:" in one}
    assert ":key:ab" in left


def test_scripts_that_redis_forgot_are_sent_again(redis: Redis, name: str) -> None:
    pool = Pool(redis, name, keys("a"))
    said(pool, "ok")
    redis.script_flush()

    said(pool, "ok")
    assert usage.key_state(redis, name, keys("a")[0]).used.requests == 2


def test_it_does_not_matter_how_the_connection_decodes(redis: Redis, name: str) -> None:
    with Redis(
        connection_pool=type(redis.connection_pool)(
            **{**redis.connection_pool.connection_kwargs, "decode_responses": True},
            connection_class=redis.connection_pool.connection_class,
        )
    ) as texts:
        pool = Pool(texts, name, keys("a"))
        said(pool, "limited", wait=9.0, said="429")

        assert refused(pool).why == "cooling"
        assert usage.key_state(texts, name, keys("a")[0]).why == "429"
        texts.connection_pool.disconnect()
