"""The whole system as `make demo` runs it, in a directory of its own, with its parts at hand to be killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from config.embedded.addresses import addresses, database_url
from tests.config.processes import ROOT, using, wait_for


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class System:
    data_dir: Path
    port: int
    process: subprocess.Popen[bytes]
    seeded: dict[str, Any] = field(default_factory=dict)

    def kill(self, name: str) -> None:
        """kill -9 of the processes of one part: web, worker, beat, postgres or redis."""
        words = {
            "web": "granian",
            "worker": "worker",
            "beat": "beat",
            "postgres": "bin/postgres",
            "redis": "redis-server",
        }
        wait_for(lambda: self._running(words[name]), seconds=30)
        for one in self._running(words[name]):
            one.send_signal(signal.SIGKILL)

    def _running(self, word: str) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [one for one in children if word in _command(one)]

    def seed(self, *, items: int, people: int, overlap: int) -> dict[str, Any]:
        command = [sys.executable, "-m", "tests.faults.seed", str(items), str(people), str(overlap)]
        done = subprocess.run(command, cwd=ROOT, env=self.environment(), check=True, capture_output=True)
        self.seeded = json.loads(done.stdout)
        return self.seeded

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **addresses(self.data_dir),
            "QUERENT_DATA_DIR": str(self.data_dir),
            "QUERENT_DEMO": "1",
        }

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(database_url(self.data_dir)) as connection:
            return connection.execute(statement, values).fetchall()

    def call(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
            connection.request(method, f"/api/v1/{path}", json.dumps(body or {}), headers)
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text[:1] in b"{[" else text
        finally:
            connection.close()

    def works(self) -> bool:
        """Whether web and database answer."""
        try:
            return self.call("GET", f"projects/{self.seeded['project']}/", self.seeded["manager"])[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def is_live(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health/live")
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            return False
        else:
            return response.status == 200
        finally:
            connection.close()


@contextmanager
def running(data_dir: Path) -> Iterator[System]:
    """`manage.py demo --empty` until the block ends; afterwards nothing of it may be left."""
    port = free_port()
    inherited = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}
    }
    env = {**inherited, "QUERENT_DATA_DIR": str(data_dir), "PORT": str(port)}
    log = (data_dir / "demo.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--empty"], cwd=ROOT, env=env, stdout=log, stderr=log
    )
    system = System(data_dir, port, process)
    try:
        wait_for(system.is_live, seconds=180)
        yield system
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)
        log.close()
    assert using(data_dir) == []


class Labeler(threading.Thread):
    """A patient client: resends with the same nonce until it is answered, as the labeling page does."""

    def __init__(self, system: System, token: str, pause: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.system, self.token, self.pause = system, token, pause
        self.confirmed: dict[str, int] = {}
        self.refused: list[Any] = []
        self.end = time.monotonic() + 240

    def run(self) -> None:
        project = self.system.seeded["project"]
        while time.monotonic() < self.end:
            status, body = self.patiently(f"projects/{project}/next/", {"count": 1})
            if status != 200 or body["status"] == "finished":
                return
            for lease in body["leases"]:
                self.answer(lease["id"])
            time.sleep(self.pause if body["leases"] else 0.3)

    def answer(self, lease: int) -> None:
        nonce = f"{self.token[:9]}-{lease}"
        body = {"answer": {"sentiment": "positive"}, "nonce": nonce}
        status, said = self.patiently(f"leases/{lease}/submit/", body)
        if status in {200, 201}:
            self.confirmed[nonce] = said["id"]
        else:
            self.refused.append((status, said))

    def patiently(self, path: str, body: Any) -> tuple[int, Any]:
        while True:
            try:
                status, said = self.system.call("POST", path, self.token, body)
                if status < 500:
                    return status, said
            except (OSError, http.client.HTTPException):
                pass
            assert time.monotonic() < self.end, f"no answer from {path} in time"
            time.sleep(0.1)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
