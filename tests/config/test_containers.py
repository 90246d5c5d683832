"""Every command and health check of the compose file works, run here as a process on embedded services."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.embedded.services import services
from tests.config.processes import ROOT, wait_for

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
DOCKERFILE = (ROOT / "docker/Dockerfile").read_text()
OURS = [name for name, service in COMPOSE.items() if service["image"] == "querent"]


@pytest.fixture
def environment(data_dir: Path) -> Iterator[dict[str, str]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with services(data_dir, durable=False) as addresses:
        yield {
            **os.environ,
            **addresses,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SECRET_KEY": "x" * 50,
            "ALLOWED_HOSTS": "label.example.org",
            "HTTPS": "true",
            "QUERENT_DATA_DIR": str(data_dir),
            "PROMETHEUS_MULTIPROC_DIR": str(data_dir / "metrics"),
            "GRANIAN_PORT": str(port),
            "GRANIAN_BLOCKING_THREADS": "4",
        }


@contextmanager
def service(name: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(COMPOSE[name]["command"], cwd=ROOT, env=environment, process_group=0)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(120)


def healthy(name: str, environment: dict[str, str]) -> bool:
    kind, *check = COMPOSE[name]["healthcheck"]["test"]
    assert kind == "CMD"
    return subprocess.run(check, cwd=ROOT, env=environment, capture_output=True).returncode == 0


@pytest.mark.slow
def test_installation_starts_with_the_commands_of_the_compose_file(environment: dict[str, str]) -> None:
    for name in ("migrate", "static"):
        assert (
            subprocess.run(
                COMPOSE[name]["command"], cwd=ROOT, env=environment, capture_output=True
            ).returncode
            == 0
        )
    for name in ("web", "worker", "learner", "beat"):
        assert not healthy(name, environment)
        with service(name, environment) as process:
            wait_for(lambda name=name: healthy(name, environment))  # type: ignore[misc]
            assert process.poll() is None
        assert process.returncode == 0


def test_image_starts_what_the_compose_file_starts() -> None:
    command = next(line for line in DOCKERFILE.splitlines() if line.startswith("CMD "))

    assert yaml.safe_load(command.removeprefix("CMD ")) == COMPOSE["web"]["command"]


def test_image_is_not_root_and_has_a_health_check() -> None:
    assert "\nUSER querent\n" in DOCKERFILE
    assert "\nHEALTHCHECK " in DOCKERFILE


@pytest.mark.parametrize("name", OURS)
def test_containers_of_ours_are_closed(name: str) -> None:
    service = COMPOSE[name]

    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "env_file" not in service


def test_everything_is_checked_and_restarted() -> None:
    assert all("healthcheck" in service and "restart" in service for service in COMPOSE.values())
    assert OURS == ["web", "worker", "learner", "beat", "migrate", "static"]
