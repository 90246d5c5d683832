"""What a snapshot can be downloaded as."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.formats.base import Format
from annotation.formats.layout import Layout
from annotation.formats.registry import FORMATS
from annotation.models import Snapshot
from annotation.services.snapshot_files import check_made, known_sizes


@dataclass(frozen=True, slots=True)
class Offer:
    """One format for one snapshot."""

    snapshot: Snapshot
    form: Format
    # What of these rows it cannot carry.
    lacking: list[str]
    # In bytes; None while nobody has fetched it.
    size: int | None


def offers(snapshot: Snapshot) -> list[Offer]:
    """All formats, also those that this server lacks a package for. Raises NotReady."""
    check_made(snapshot)
    layout = Layout.read(snapshot.manifest["layout"])
    sizes = known_sizes(snapshot)
    return [Offer(snapshot, form, form.lacking(layout), sizes.get(form.name)) for form in FORMATS.values()]
