"""Many threads and processes at one pool: no limit is ever exceeded, nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from redis import Redis

from labelmodel.endpoints import usage
from labelmodel.endpoints.keys import Key, KeyLimits, Secret
from labelmodel.endpoints.pool import Lease, Pauses, Pool, Settled, Wait

THREADS = 16


def three(limits: KeyLimits) -> list[Key]:
    return [Key(name, Secret(f"sk-secret-of-{name}"), limits) for name in "abc"]


def test_sixteen_threads_never_send_more_than_three_keys_may(redis: Redis, name: str) -> None:
    keys = three(KeyLimits(requests_a_minute=40, at_once=2))
    flying: Counter[str] = Counter()
    most: Counter[str] = Counter()
    waits: Counter[str] = Counter()
    lock = threading.Lock()
    together = threading.Barrier(THREADS)

    def work(_: int) -> int:
        # Each with a connection of its own, as workers have.
        with Redis.from_url(settings.REDIS_URL) as mine:
            pool, sent = Pool(mine, name, keys), 0
            together.wait()
            while True:
                found = pool.take(10)
                if isinstance(found, Wait):
                    with lock:
                        waits[found.why] += 1
                    if found.why == "minute":
                        mine.connection_pool.disconnect()
                        return sent
                    time.sleep(0.002)
                    continue
                with lock:
                    flying[found.key] += 1
                    most[found.key] = max(most[found.key], flying[found.key])
                time.sleep(0.002)
                with lock:
                    flying[found.key] -= 1
                pool.settle(found, Settled("ok", 5, 1))
                sent += 1

    with ThreadPoolExecutor(THREADS) as threads:
        sent = sum(threads.map(work, range(THREADS)))

    assert sent == 120
    assert max(most.values()) <= 2
    assert waits["busy"] > 0
    states = [usage.key_state(redis, name, key) for key in keys]
    assert [state.used for state in states] == [usage.Used(40, 0, 200, 40)] * 3
    assert [state.in_flight for state in states] == [0, 0, 0]


def test_sixteen_threads_never_spend_more_tokens_than_a_day_has(redis: Redis, name: str) -> None:
    keys = three(KeyLimits(tokens_a_day=1_000, at_once=50))
    pool = Pool(redis, name, keys)

    def work(number: int) -> int:
        spent = 0
        while True:
            found = pool.take(30)
            if isinstance(found, Lease):
                used = 10 + number
                pool.settle(found, Settled("ok", used - 5, 5))
                spent += used
            elif found.why == "day":
                return spent
            else:
                time.sleep(0.001)

    with ThreadPoolExecutor(THREADS) as threads:
        spent = sum(threads.map(work, range(THREADS)))

    states = [usage.key_state(redis, name, key) for key in keys]
    assert sum(state.tokens_today for state in states) == spent
    assert all(970 < state.tokens_today <= 1_000 for state in states)


def test_a_key_that_all_are_denied_at_once_is_switched_off_once(redis: Redis, name: str) -> None:
    keys = three(KeyLimits(at_once=50))
    pool = Pool(redis, name, keys)
    together = threading.Barrier(THREADS)

    def work(_: int) -> list[str]:
        together.wait()
        used = []
        while isinstance(found := pool.take(1), Lease):
            used.append(found.key)
            pool.settle(found, Settled("denied", said=f"401 for {found.key}"))
        return used

    with ThreadPoolExecutor(THREADS) as threads:
        used = Counter(key for some in threads.map(work, range(THREADS)) for key in some)

    # Each thread may have had one on its way when the key went off, and no more.
    assert max(used.values()) <= THREADS
    assert [usage.key_state(redis, name, key).off_why for key in keys] == [
        f"401 for {key.id}" for key in keys
    ]


def test_sixteen_threads_send_one_request_behind_each_pause(redis: Redis, name: str) -> None:
    key = Key("a", Secret("sk-secret-of-a"), KeyLimits(at_once=50))
    pool = Pool(redis, name, [key], pauses=Pauses(first=0.2, most=0.2))
    started = time.monotonic()

    def work(_: int) -> int:
        sent = 0
        while time.monotonic() < started + 1.5:
            if isinstance(found := pool.take(1), Lease):
                sent += 1
                time.sleep(0.01)
                pool.settle(found, Settled("limited"))
            time.sleep(0.002)
        return sent

    with ThreadPoolExecutor(THREADS) as threads:
        sent = sum(threads.map(work, range(THREADS)))

    # At first all of them, as nothing was known; then a single one behind each pause of 0.1 to 0.2 s.
    assert sent <= THREADS + (time.monotonic() - started) / 0.1
    assert sent > 3


PROCESS = """
import sys, time
from redis import Redis
from labelmodel.endpoints.keys import Key, KeyLimits, Secret
from labelmodel.endpoints.pool import Lease, Pool, Settled
keys = [Key(name, Secret("sk-secret-of-" + name), KeyLimits(requests_a_minute=50, at_once=3)) for name in "abc"]
with Redis.from_url(sys.argv[1]) as redis:
    pool, sent = Pool(redis, sys.argv[2], keys), 0
    while True:
        found = pool.take(10)
        if isinstance(found, Lease):
            pool.settle(found, Settled("ok", 5, 1))
            sent += 1
        elif found.why == "minute":
            break
        else:
            time.sleep(0.002)
print(sent)
"""


def test_processes_share_a_pool(redis: Redis, name: str) -> None:
    command = [sys.executable, "-c", PROCESS, settings.REDIS_URL, name]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    sent = [int(process.communicate(timeout=60)[0]) for process in running]

    assert sum(sent) == 150
    used = [usage.key_state(redis, name, key).used for key in three(KeyLimits())]
    assert used == [usage.Used(50, 0, 250, 50)] * 3
