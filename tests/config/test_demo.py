"""`manage.py demo` as people meet it: it starts, it survives, it stops, and it explains itself."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from config.embedded.addresses import runtime_dir
from config.embedded.orphans import MARK, end_marked
from tests.config.processes import ROOT, using, wait_for

OURS = (
    "DATABASE_URL",
    "REDIS_URL",
    "PROMETHEUS_MULTIPROC_DIR",
    "QUERENT_DATA_DIR",
    "PORT",
    "HTTPS",
    "SECRET_KEY",
)


class Demo:
    """A running `manage.py demo --empty`, seen from outside."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir, self.port = data_dir, port
        self.log = data_dir.parent / f"{data_dir.name}-{port}.log"
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        environment |= {"QUERENT_DATA_DIR": str(data_dir), "PORT": str(port)}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--empty"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def output(self) -> str:
        return self.log.read_text()

    def wait_until_ready(self) -> None:
        wait_for(lambda: "Querent is ready" in self.output() or self.process.poll() is not None, seconds=400)
        assert self.process.poll() is None, self.output()

    def health(self) -> Any:
        with (
            closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection,
            suppress(OSError),
        ):
            connection.request("GET", "/health/ready")
            return json.loads(connection.getresponse().read())
        return {"status": "unreachable"}

    def wait_until_healthy(self) -> None:
        wait_for(lambda: self.health()["status"] == "ok")

    def find(self, words: str) -> psutil.Process:
        """The first process of a component, by words of its command line."""
        family = psutil.Process(self.process.pid).children()
        return next(child for child in family if words in " ".join(child.cmdline()))

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(120)


@contextmanager
def running_demo(data_dir: Path, port: int, *, end: bool = True) -> Iterator[Demo]:
    demo = Demo(data_dir, port)
    try:
        yield demo
    finally:
        demo.process.kill()
        demo.process.wait()
        if end:
            end_marked(data_dir)
        demo.log.unlink()


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.slow
def test_a_day_in_the_life_of_the_demo(data_dir: Path, port: int) -> None:
    with running_demo(data_dir, port) as demo:
        demo.wait_until_ready()
        a_second_run_on_the_same_data_is_refused(demo)
        every_component_that_is_killed_comes_back(demo)
        demo.process.kill()
        wait_for(lambda: not using(data_dir))

    with running_demo(data_dir, port) as demo:
        demo.wait_until_ready()
        assert f"http://127.0.0.1:{port}/" in demo.output()
        demo.wait_until_healthy()
        assert demo.interrupt() == 0
        assert not using(data_dir)
        assert not runtime_dir(data_dir).exists()


def a_second_run_on_the_same_data_is_refused(demo: Demo) -> None:
    with running_demo(demo.data_dir, demo.port + 1, end=False) as second:
        assert second.process.wait(120) == 1
        assert f"already runs on {demo.data_dir}" in second.output()


def every_component_that_is_killed_comes_back(demo: Demo) -> None:
    for words in ("redis-server", "bin/postgres", "config worker", "config beat", "granian"):
        demo.wait_until_healthy()
        victim = demo.find(words)
        victim.kill()
        wait_for(lambda victim=victim: not victim.is_running())  # type: ignore[misc]
    demo.wait_until_healthy()
    assert demo.output().count("was killed by SIGKILL; starting it again in 1 s") == 5


def test_port_in_use_is_said_at_once(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with running_demo(data_dir, port) as demo:
            assert demo.process.wait(120) == 1
            assert f"Port {port} is in use" in demo.output()

    assert not (data_dir / "postgres").exists()


def test_only_marked_processes_of_this_directory_are_ended(data_dir: Path) -> None:
    def sleeper(mark: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: mark})

    ours, other = sleeper(str(data_dir)), sleeper(f"{data_dir}/other")

    count = end_marked(data_dir)
    spared = other.poll() is None
    other.kill()
    other.wait()

    assert count == 1
    assert ours.poll() is not None
    assert spared
