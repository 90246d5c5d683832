"""How the consensus of an item looks over REST."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotation.models import Consensus


class EvidenceView(serializers.Serializer[Any]):
    question = serializers.CharField()
    value = serializers.JSONField(allow_null=True, help_text="As an answer says it; null where votes do not.")
    distribution = serializers.DictField(
        child=serializers.FloatField(), help_text="The likeliest labels: {label: probability}."
    )
    confidence = serializers.FloatField(help_text="How probable it is that the value is right.")
    entropy = serializers.FloatField(help_text="In bits.")
    votes = serializers.IntegerField()
    unanimous = serializers.BooleanField()
    status = serializers.ChoiceField(
        Consensus.Status.choices,
        help_text="auto: inferred from votes; adjudicated: by an expert; known: a gold question.",
    )
    method = serializers.CharField()
    run = serializers.IntegerField(allow_null=True)
    kinds = serializers.ListField(child=serializers.CharField(), help_text="Kinds of the sources that voted.")
    decided_by = serializers.CharField(source="by.username", allow_null=True, default=None)
    updated_at = serializers.DateTimeField()
