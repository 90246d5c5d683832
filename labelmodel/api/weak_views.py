"""How label models for functions, probable labels and health look over REST."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotation.api.fields import AnyJson
from labelmodel.models import WeakRun


class WeakFitView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    question = serializers.CharField()
    method = serializers.CharField()
    status = serializers.ChoiceField(WeakRun.State.values, source="state")
    trigger = serializers.CharField(help_text="page, rest, votes, labels or settings.")
    published = serializers.BooleanField(help_text="Whether its probable labels count.")
    schema = serializers.IntegerField(help_text="The version of the questions.")
    done = serializers.IntegerField(help_text="Items looked at; each is looked at twice.")
    total = serializers.IntegerField()
    versions = serializers.ListField(
        child=AnyJson(),
        help_text="Ids of function versions by number of the source, then what votes beside them.",
    )
    labels = serializers.ListField(child=serializers.CharField())
    items = serializers.IntegerField()
    votes = serializers.IntegerField()
    labeled = serializers.IntegerField(help_text="Items that people labeled, used as evidence.")
    prior = serializers.DictField(
        child=serializers.FloatField(), help_text="The class balance that it was given; {}: it was estimated."
    )
    metrics = serializers.DictField(
        child=AnyJson(), help_text="docs/weak-supervision.md tells what each means."
    )
    calibration = serializers.DictField(child=AnyJson())
    seconds = serializers.FloatField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True, help_text="When a version was rolled back.")
    withdrawn_reason = serializers.CharField(allow_blank=True)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class WeakFitListView(serializers.Serializer[Any]):
    results = WeakFitView(many=True)
    next = serializers.CharField(allow_null=True)


class NewWeakFitsView(serializers.Serializer[Any]):
    results = WeakFitView(many=True)


class ProbableLabelView(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    key = serializers.CharField()
    label = serializers.CharField(allow_null=True, help_text="The likeliest.")  # type: ignore[assignment]
    confidence = serializers.FloatField(help_text="Its chance.")
    distribution = serializers.DictField(
        child=serializers.FloatField(), help_text="{label: chance}; of a set, each label by itself."
    )
    votes = serializers.DictField(
        child=serializers.CharField(),
        help_text="{id of the version: label}, of the functions that vote on it.",
    )
    run = serializers.IntegerField(help_text="The fit, which tells the versions.")


class ProbableLabelListView(serializers.Serializer[Any]):
    results = ProbableLabelView(many=True)
    next = serializers.CharField(allow_null=True)


class FunctionHealthView(serializers.Serializer[Any]):
    key = AnyJson(help_text="Id of the version, or what votes beside the functions.")
    function = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    number = serializers.IntegerField(allow_null=True)
    votes = serializers.IntegerField()
    coverage = serializers.FloatField()
    conflicts = serializers.FloatField(
        help_text="Share of all items where another function says something else."
    )
    estimated = serializers.DictField(
        child=serializers.FloatField(),
        help_text="accuracy, low, high, judgments: what the label model takes it to be.",
    )
    labeled = serializers.DictField(
        child=AnyJson(), help_text="votes, right, precision and recall with intervals, on labeled items."
    )
    hit_rate = serializers.FloatField(allow_null=True, help_text="In the last run over the pool.")
    drift = serializers.FloatField(allow_null=True)
    drifts = serializers.BooleanField(help_text="The hit rate changed beyond chance.")
    spike = serializers.BooleanField(help_text="It votes less than half as often as before.")
    errors = serializers.IntegerField()  # type: ignore[assignment]
    error_rate = serializers.FloatField(allow_null=True)
    milliseconds = serializers.FloatField(allow_null=True, help_text="For each item.")
    fault = serializers.CharField(allow_blank=True)


class WeakHealthView(serializers.Serializer[Any]):
    question = serializers.CharField()
    run = serializers.IntegerField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    items = serializers.IntegerField()
    coverage = serializers.FloatField(allow_null=True)
    conflict = serializers.FloatField(allow_null=True)
    mean_confidence = serializers.FloatField(allow_null=True)
    brier = serializers.FloatField(allow_null=True)
    judged = serializers.DictField(
        child=AnyJson(),
        help_text="Figures on labeled items that the label model had not seen, with the reliability diagram.",
    )
    calibration = serializers.CharField()
    latency_seconds = serializers.FloatField(allow_null=True, help_text="How long the last fit took.")
    dependent = serializers.ListField(child=AnyJson(), help_text="Functions that go together.")
    functions = FunctionHealthView(many=True)


class WeakHealthListView(serializers.Serializer[Any]):
    results = WeakHealthView(many=True)


class ThresholdView(serializers.Serializer[Any]):
    threshold = serializers.FloatField(
        allow_null=True, help_text="null: none reaches it, or too few are labeled to tell."
    )
    precision = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(allow_null=True, help_text="Labeled items that it was measured on.")
    share = serializers.FloatField(allow_null=True, help_text="Of the items that functions vote on.")
    run = serializers.IntegerField()
