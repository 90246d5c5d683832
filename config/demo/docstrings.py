"""Documentation strings of the installed libraries and of Python itself, read from their source without importing it."""

from __future__ import annotations

import ast
import fcntl
import gc
import hashlib
import json
import multiprocessing
import os
import sysconfig
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.machinery import PathFinder
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from django.conf import settings

SHORTEST, LONGEST = 60, 400
# Raise it when what is collected changes, so that what is kept on disk is collected again.
FORMAT = 1
MOST_PROCESSES = 8


@dataclass(frozen=True, slots=True)
class Library:
    """One answer to "Which library is this from?". Without a distribution it is Python's own standard library."""

    label: str
    title: str
    distribution: str
    color: str

    @property
    def root(self) -> Path | None:
        """Its folder of sources, found without importing it; None where it is not installed."""
        if not self.distribution:
            return Path(sysconfig.get_path("stdlib"))
        found = PathFinder.find_spec(self.label)
        return Path(found.origin).parent if found and found.origin else None

    @property
    def release(self) -> str:
        return version(self.distribution) if self.distribution else python_version()


LIBRARIES = (
    Library("stdlib", "Standard library", "", "gray"),
    Library("numpy", "NumPy", "numpy", "blue"),
    Library("scipy", "SciPy", "scipy", "violet"),
    Library("sklearn", "scikit-learn", "scikit-learn", "orange"),
    Library("torch", "PyTorch", "torch", "red"),
    Library("sympy", "SymPy", "sympy", "green"),
    Library("networkx", "NetworkX", "networkx", "teal"),
    Library("matplotlib", "Matplotlib", "matplotlib", "purple"),
    Library("django", "Django", "Django", "lime"),
)


@dataclass(frozen=True, slots=True)
class Docstring:
    """`key` comes from the text alone, so that neither key nor order tells the library."""

    key: str
    text: str
    documents: str
    library: str


def installed() -> list[Library]:
    """The libraries that are here; the demo asks about these."""
    return [library for library in LIBRARIES if library.root is not None]


def truth() -> dict[str, str]:
    """The library of every item of the demo project, by the item's key; nothing of it is kept in the database."""
    return {docstring.key: docstring.library for docstring in collect()}


def collect() -> list[Docstring]:
    """Every distinct documentation string of 60 to 400 characters, by key; one that two libraries share is left out.

    The result depends on nothing but the installed releases, and is kept in the data folder for the next time.
    """
    path = settings.DATA_DIR / "demo" / f"docstrings-{_fingerprint()}.jsonl"
    if not path.exists():
        with _alone(path.parent):
            if not path.exists():
                _keep(path, _distinct(_read_all()))
    with path.open(encoding="utf-8") as file:
        return [Docstring(**json.loads(line)) for line in file]


def _fingerprint() -> str:
    releases = [(library.label, library.release) for library in installed()]
    return hashlib.sha256(repr((FORMAT, releases)).encode()).hexdigest()[:12]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process reads the sources, the others wait for what it finds."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "reading").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _keep(path: Path, docstrings: Sequence[Docstring]) -> None:
    # Renamed into place: who is killed while writing must not leave half of it behind under this name.
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(docstring), ensure_ascii=False) + "\n" for docstring in docstrings)
    part.replace(path)


def _distinct(found: Iterator[tuple[str, str, str]]) -> list[Docstring]:
    libraries: dict[str, set[str]] = {}
    kinds: dict[str, str] = {}
    for library, documents, text in found:
        libraries.setdefault(text, set()).add(library)
        kinds.setdefault(text, documents)
    docstrings = [
        Docstring(_key(text), text, kinds[text], *owners)
        for text, owners in libraries.items()
        if len(owners) == 1
    ]
    return sorted(docstrings, key=lambda docstring: docstring.key)


def _key(text: str) -> str:
    return "doc-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def _read_all() -> Iterator[tuple[str, str, str]]:
    files = [(library.label, path) for library in installed() for path in _sources(library)]
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    # Spawned, not forked: this process may hold connections and threads that a copy of it must not touch.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_end_with_parent) as pool:
        found = pool.map(_read_file, [path for _, path in files], chunksize=32)
        for (library, _), docstrings in zip(files, found, strict=True):
            for documents, text in docstrings:
                yield library, documents, text


def _end_with_parent() -> None:
    """Let this reading process end when the one that it reads for is killed; by itself it would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _sources(library: Library) -> list[Path]:
    root = library.root
    assert root is not None
    # What some systems leave out of the standard library, and what only happens to lie in its folder.
    apart = (
        {"test", "lib2to3", "idlelib", "site-packages", "dist-packages"}
        if not library.distribution
        else set()
    )
    return sorted(path for path in root.rglob("*.py") if path.relative_to(root).parts[0] not in apart)


def _read_file(path: Path) -> list[tuple[str, str]]:
    """What each documentation string of suitable length documents, and its text."""
    gc.disable()  # A syntax tree is many small objects and no cycles: collecting would take longer than parsing.
    source = path.read_bytes()
    if b'"""' not in source and b"'''" not in source:
        return []
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    return [(documents, text) for documents, node in _documented(tree) if (text := _text(node))]


Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _text(node: Documented) -> str:
    text = (ast.get_docstring(node) or "").strip()
    if not SHORTEST <= len(text) <= LONGEST or "\0" in text:
        return ""
    return text.encode(errors="ignore").decode()


def _documented(tree: ast.Module) -> Iterator[tuple[str, Documented]]:
    yield "module", tree
    yield from _within(tree.body, "function")


def _within(body: Sequence[ast.stmt], function: str) -> Iterator[tuple[str, Documented]]:
    """Classes and functions among these statements; `function` is what a function is called here."""
    for node in body:
        match node:
            case ast.ClassDef():
                yield "class", node
                yield from _within(node.body, "method")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield function, node
                yield from _within(node.body, "function")
            case ast.If() | ast.Try() | ast.With() | ast.For() | ast.While():
                for part in ("body", "orelse", "finalbody"):
                    yield from _within(getattr(node, part, ()), function)
                for handler in getattr(node, "handlers", ()):
                    yield from _within(handler.body, function)
