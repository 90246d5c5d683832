"""What manifests say of labeling functions, read for cards, pages and comparisons; docs/snapshots.md lists it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Manifest = Mapping[str, Any]
One = Mapping[str, Any]


def lines(manifest: Manifest) -> Iterator[tuple[str, list[str], str]]:
    """(question, its active versions, the fit that counts), in words; of snapshots that tell of functions."""
    for question, told in sorted((manifest.get("functions") or {}).items()):
        yield question, [named(one) for one in told["active"]], fit_line(told["fit"])


def named(one: One) -> str:
    """A version, or what votes beside the functions."""
    if "source" in one:
        return str(one["source"])
    if "function" not in one:
        return "a version that is gone"
    return f"{one['function']} v{one['version']} ({one['kind']}, {one['sha256'][:12]})"


def fit_line(fit: Mapping[str, Any] | None) -> str:
    """Which fit counts, and on whose votes it rests."""
    if fit is None:
        return ""
    voted = ", ".join(_short(one) for one in fit["votes"])
    return f"fit {fit['run']} by {fit['method']}, done {fit['finished_at'][:19]}Z, of votes by {voted}"


def _short(one: One) -> str:
    return f"{one['function']} v{one['version']}" if "function" in one else named(one)


def difference(old: Manifest, new: Manifest) -> dict[str, Any] | None:
    """By question, only where something differs: versions that came, went, or were replaced, and the fits that counted then. None
    where one of the snapshots was made before snapshots told it."""
    if "functions" not in old or "functions" not in new:
        return None
    before, after = old["functions"], new["functions"]
    compared = {name: _differ(before.get(name), after.get(name)) for name in sorted({*before, *after})}
    return {name: found for name, found in compared.items() if found}


def _differ(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any] | None:
    was, now = _versions(old), _versions(new)
    runs = [(told or {}).get("fit") for told in (old, new)]
    ids = [fit["run"] if fit else None for fit in runs]
    if was == now and ids[0] == ids[1]:
        return None
    replaced = [name for name in was if name in now and was[name] != now[name]]
    return {
        "came": [_told(name, now[name]) for name in now if name not in was],
        "went": [_told(name, was[name]) for name in was if name not in now],
        "replaced": [
            {"function": name, "from": was[name]["version"], "to": now[name]["version"]} for name in replaced
        ],
        "fit": {"from": ids[0], "to": ids[1]},
    }


def _versions(told: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    active: Sequence[One] = (told or {}).get("active", ())
    return {one["function"]: {name: one[name] for name in ("version", "kind", "sha256")} for one in active}


def _told(name: str, version: Mapping[str, Any]) -> dict[str, Any]:
    return {"function": name, "version": version["version"]}
