"""What benchmarks share: embedded services, a served project, CPU by process tree, and results with their machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


@contextmanager
def environment() -> Iterator[dict[str, str]]:
    """Durable embedded services in a temporary directory, migrated; the environment that leads to them."""
    from config.embedded.services import services

    with tempfile.TemporaryDirectory(prefix="querent-bench-") as folder:
        Path(folder).chmod(0o755)
        with services(Path(folder), durable=True) as addresses:
            env = {**os.environ, **addresses, "QUERENT_DATA_DIR": folder, "QUERENT_DEMO": "1"}
            os.environ.update(env)
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"],
                cwd=ROOT,
                env=env,
                check=True,
            )
            yield env


def setup_django() -> None:
    """Let this process use the models; call it inside environment()."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()


def collect_static(env: dict[str, str]) -> None:
    """Hashed and compressed static files, as in production; pages need them."""
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], cwd=ROOT, env=env, check=True
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(env: dict[str, str]) -> Iterator[tuple[int, psutil.Process]]:
    """The web process exactly as the demo runs it; its port and process."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "config.wsgi:application",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "--no-ws",
        "--log-level",
        "warning",
    ]
    with (Path(env["QUERENT_DATA_DIR"]) / "web.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        wait_for_port(port)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def wait_for_port(port: int, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


def tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """User and system time of these processes so far, the ended children of theirs included."""
    total = 0.0
    for process in processes:
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_mb(processes: list[psutil.Process]) -> float:
    """Proportional set size in MB: pages shared by several processes count once."""
    return sum(process.memory_full_info().pss for process in processes) / 2**20


def postgres() -> psutil.Process:
    """The postmaster that the database of this process belongs to."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(cursor.fetchone()[0])
    parent = backend.parent()
    assert parent is not None
    return parent


def quantile(values: list[float], q: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def machine() -> dict[str, Any]:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "load_before": os.getloadavg(),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
    }


def write(name: str, result: dict[str, Any]) -> Path:
    """Keep a result, with the machine and the time, as benchmarks/results/<name>.json."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    body = {"measured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine(), **result}
    path.write_text(json.dumps(body, indent=2) + "\n")
    return path


def kept(name: str) -> dict[str, Any]:
    """The result that was kept last, to draw it again."""
    return dict(json.loads((RESULTS / f"{name}.json").read_text()))


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    options = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    options.add_argument("--dry", action="store_true", help="print, but do not keep the result")
    options.add_argument("--redraw", action="store_true", help="draw the kept result again, measure nothing")
    return options


def finish(
    name: str,
    options: argparse.Namespace,
    measure: Callable[[], dict[str, Any]],
    picture: Callable[[Any], Path],
) -> None:
    """Measure and keep the result, or take the one that was kept; draw it."""
    if options.dry:
        print(json.dumps(measure(), indent=2))
        return
    if not options.redraw:
        print(write(name, measure()))
    print(picture(kept(name)))
