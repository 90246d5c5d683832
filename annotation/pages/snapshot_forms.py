"""What people choose for a snapshot and for a split."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from annotation import filtering
from annotation.models import Project, Snapshot, Split
from annotation.pages.forms import PercentField
from annotation.services import snapshots, splits
from annotation.services.snapshot_choices import Choice

MOST_CHOICES = 500
DEFAULT_PARTS = "train 80, test 20"


class SnapshotForm(forms.Form):
    rows = forms.ChoiceField(choices=Snapshot.Rows.choices, required=False, initial="consensus")
    name = forms.CharField(
        required=False,
        max_length=snapshots.LONGEST_NAME,
        help_text="To find it again; the number is there anyway.",
    )
    where = forms.CharField(required=False, max_length=filtering.LONGEST)
    dataset = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    split = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    decided = forms.ChoiceField(
        required=False,
        choices=[("", "All"), ("adjudicated", "Decided by an expert"), ("sure", "At least so sure")],
        label="Consensus",
    )
    min_confidence = PercentField(required=False, label="Confidence of at least (%)")
    since = forms.DateField(required=False, label="Answered since")
    until = forms.DateField(required=False, label="Answered until")
    probabilities = forms.BooleanField(required=False)
    unlabeled = forms.BooleanField(required=False)
    probable = forms.BooleanField(required=False)
    gold = forms.BooleanField(required=False)
    holdout = forms.BooleanField(required=False)

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(data)
        datasets = project.datasets.exclude(state="draft").values_list("pk", "name")[:MOST_CHOICES]
        self.fields["dataset"].choices = [("", "Any dataset"), *datasets]  # type: ignore[attr-defined]
        kept = project.splits.order_by("-pk")[:MOST_CHOICES]
        self.fields["split"].choices = [("", "No split"), *((one.pk, one.name) for one in kept)]  # type: ignore[attr-defined]

    @property
    def is_consensus(self) -> bool:
        return (self.data.get("rows") or "consensus") == Snapshot.Rows.CONSENSUS

    def choice(self) -> Choice:
        """Of a form that is valid. What does not belong to the kind of rows is left out."""
        data = self.cleaned_data
        rows = data["rows"] or Snapshot.Rows.CONSENSUS
        consensus = rows == Snapshot.Rows.CONSENSUS
        return Choice(
            rows=rows,
            where=data["where"],
            dataset=data["dataset"],
            since=_midnight(data["since"]),
            # To the end of the day that is named.
            until=_midnight(data["until"] and data["until"] + timedelta(days=1)),
            adjudicated=data["decided"] == "adjudicated",
            min_confidence=data["min_confidence"] if data["decided"] == "sure" else None,
            probabilities=consensus and data["probabilities"],
            unlabeled=consensus and data["unlabeled"],
            probable=consensus and data["probable"],
            gold=data["gold"],
            holdout=data["holdout"],
        )


class SplitForm(forms.Form):
    name = forms.CharField(
        max_length=splits.LONGEST_NAME, help_text="A split never changes, so neither does its name."
    )
    kind = forms.ChoiceField(choices=Split.Kind.choices)
    by = forms.CharField(required=False, max_length=200)
    parts = forms.CharField(
        max_length=500,
        initial=DEFAULT_PARTS,
        help_text="The name of each part and how much of the items it gets, in per cent: train 80, test 20.",
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=splits.LARGEST_SEED,
        initial=0,
        help_text="Another number, other items in each part.",
    )

    def clean_parts(self) -> list[dict[str, Any]]:
        found = []
        for piece in self.cleaned_data["parts"].split(","):
            name, _, share = piece.strip().rpartition(" ")
            try:
                percent = float(share.rstrip("%"))
            except ValueError:
                raise forms.ValidationError(
                    f"“{piece.strip()[:40]}” is no part; write a name and a number: train 80."
                ) from None
            found.append({"name": name, "share": round(percent / 100, 6)})
        return found


def _midnight(day: Any) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None
