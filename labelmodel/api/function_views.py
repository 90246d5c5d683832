"""How labeling functions, their versions and runs look over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotation.api.fields import AnyJson
from labelmodel.models import FunctionRun, FunctionVersion
from labelmodel.services.function_faults import faults_of


class Counts(serializers.DictField):
    """{label: how many}"""

    child = serializers.IntegerField()


class FunctionMessageView(serializers.Serializer[Any]):
    item = serializers.IntegerField(help_text="The first item on which it was raised.")
    message = serializers.CharField()


class CanaryExamplesView(serializers.Serializer[Any]):
    gained = serializers.ListField(child=serializers.IntegerField())
    lost = serializers.ListField(child=serializers.IntegerField())
    changed = serializers.ListField(child=serializers.IntegerField())


class CanarySaidView(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    label = serializers.CharField(allow_null=True, help_text="null: no vote.")  # type: ignore[assignment]


class CanaryTestView(serializers.Serializer[Any]):
    got = serializers.CharField(allow_null=True, help_text="null: no vote.")
    error = serializers.CharField(allow_blank=True)


class CanaryView(serializers.Serializer[Any]):
    run = serializers.IntegerField(required=False, help_text="The run that tried it.")
    error = serializers.CharField(
        required=False, help_text="Why it could not be tried; then nothing else is told."
    )
    items = serializers.IntegerField(required=False, help_text="How many items the sample has.")
    active = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="The version that it is compared with; null: none was active.",
    )
    votes = Counts(required=False, help_text="{label: votes}")
    votes_before = Counts(required=False, help_text="The same of the active version.")
    both = serializers.IntegerField(required=False, help_text="Items on which both vote.")
    same = serializers.IntegerField(required=False, help_text="Of those, where they say the same.")
    agreement = serializers.FloatField(required=False, allow_null=True)
    gained = Counts(required=False, help_text="{label: votes} where the active version abstains.")
    lost = Counts(required=False, help_text="{label: votes} of the active version where this one abstains.")
    changed = serializers.DictField(
        child=Counts(), required=False, help_text="{label before: {label now: votes}}"
    )
    examples = CanaryExamplesView(required=False, help_text="Ids of items.")
    said = CanarySaidView(
        many=True, required=False, help_text="What it says of some items, where it asks a language model."
    )
    errors = serializers.IntegerField(required=False)  # type: ignore[assignment]
    messages = FunctionMessageView(many=True, required=False)
    reasons = Counts(required=False, help_text="Why it abstained, where it says so.")
    tests = CanaryTestView(
        many=True, required=False, help_text="Its tests in their order, where it asks a language model."
    )
    seconds = serializers.FloatField(required=False)


class FunctionTestView(serializers.Serializer[Any]):
    payload = serializers.DictField(child=AnyJson())
    label = serializers.CharField(allow_null=True, help_text="What it should say; null: nothing.")  # type: ignore[assignment]


class FunctionTestResultView(serializers.Serializer[Any]):
    payload = serializers.DictField(child=AnyJson())
    expected = serializers.CharField(allow_null=True, help_text="null: that it abstains.")
    got = serializers.CharField(allow_null=True)
    error = serializers.CharField(allow_blank=True, help_text="What it raised.")
    passed = serializers.BooleanField()


class FunctionTestResultsView(serializers.Serializer[Any]):
    results = FunctionTestResultView(many=True)


class FunctionVersionSummaryView(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(FunctionVersion.State.values)
    votes_for = serializers.ListField(
        child=serializers.CharField(),
        help_text="Labels that its definition names; empty: whatever label there is.",
    )
    reads = serializers.ListField(child=serializers.CharField(), help_text="Payload fields.")


class LabelingFunctionView(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="function.pk")
    project = serializers.IntegerField(source="function.project_id")
    question = serializers.CharField(source="function.question")
    name = serializers.CharField(source="function.name")
    description = serializers.CharField(source="function.description", allow_blank=True)
    owner = serializers.CharField(source="function.owner.username")
    runs = serializers.BooleanField(
        help_text="Whether its votes count: active, not stopped, and without faults."
    )
    stopped_at = serializers.DateTimeField(source="function.stopped_at", allow_null=True)
    stopped_by = serializers.SerializerMethodField()
    stopped_reason = serializers.CharField(source="function.stopped_reason", allow_blank=True)
    faults = serializers.ListField(
        child=serializers.CharField(),
        help_text="What keeps the active version, or else the latest, from running.",
    )
    most_share = serializers.FloatField(source="function.most_share")
    most_votes_an_hour = serializers.IntegerField(source="function.most_votes_an_hour", allow_null=True)
    active = FunctionVersionSummaryView(allow_null=True)
    latest = FunctionVersionSummaryView(allow_null=True)
    seen = serializers.IntegerField(help_text="Items that the active version has looked at.")
    votes = serializers.IntegerField(help_text="Of those, how many it votes on.")
    created_at = serializers.DateTimeField(source="function.created_at")

    @extend_schema_field(
        serializers.CharField(allow_null=True, help_text="null: a limit was passed, or nobody.")
    )
    def get_stopped_by(self, row: Any) -> str | None:
        return row.function.stopped_by.username if row.function.stopped_by else None


class LabelingFunctionListView(serializers.Serializer[Any]):
    results = LabelingFunctionView(many=True)


class FunctionVersionView(FunctionVersionSummaryView):
    function = serializers.IntegerField(source="function_id")
    definition = serializers.DictField(child=AnyJson(), help_text="In its normal form.")
    tests = FunctionTestView(many=True)
    schema = serializers.IntegerField(source="schema.version", help_text="The version of the questions.")
    labels = serializers.ListField(child=serializers.CharField(), help_text="Of the question, then.")
    faults = serializers.SerializerMethodField()
    note = serializers.CharField(allow_blank=True)
    author = serializers.CharField(source="author.username")
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    reviewer = serializers.SerializerMethodField()
    reviewed_at = serializers.DateTimeField(allow_null=True)
    review_note = serializers.CharField(allow_blank=True)
    canary = serializers.SerializerMethodField()
    activated_at = serializers.DateTimeField(allow_null=True)
    retired_at = serializers.DateTimeField(allow_null=True)
    rolled_back_at = serializers.DateTimeField(allow_null=True)
    rolled_back_reason = serializers.CharField(allow_blank=True)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_faults(self, version: FunctionVersion) -> list[str]:
        return faults_of(version.project, [version]).get(version.pk, [])

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_reviewer(self, version: FunctionVersion) -> str | None:
        return version.reviewer.username if version.reviewer else None

    @extend_schema_field(CanaryView(allow_null=True))
    def get_canary(self, version: FunctionVersion) -> dict[str, Any] | None:
        return CanaryView(version.canary).data if version.canary else None


class FunctionVersionListView(serializers.Serializer[Any]):
    results = FunctionVersionView(many=True)
    next = serializers.CharField(allow_null=True)


class FunctionLineView(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    function = serializers.IntegerField(allow_null=True, help_text="null: it is gone.")
    name = serializers.CharField(allow_blank=True)
    number = serializers.IntegerField(allow_null=True)
    evaluated = serializers.IntegerField(help_text="Items that it looked at.")
    votes = Counts(help_text="{label: votes}")
    errors = serializers.IntegerField(help_text="Items on which it raised; it abstains there.")  # type: ignore[assignment]
    messages = FunctionMessageView(many=True)
    unseen = serializers.IntegerField(help_text="Items that were left for later.")
    later = serializers.CharField(allow_blank=True, help_text="Why, as it was last told.")
    reasons = Counts(help_text="Why it abstained, where it says so.")
    seconds = serializers.FloatField()
    hit_rate = serializers.FloatField(allow_null=True)
    hit_rate_before = serializers.FloatField(
        allow_null=True, help_text="On all items that it had seen before."
    )
    drift = serializers.FloatField(allow_null=True, help_text="The difference.")
    drift_z = serializers.FloatField(allow_null=True, help_text="In standard errors; beyond 3 is no chance.")
    fault = serializers.CharField(allow_blank=True, help_text="Why it did not run, or not to the end.")


class FunctionRunView(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="run.pk")
    project = serializers.IntegerField(source="run.project_id")
    kind = serializers.ChoiceField(FunctionRun.Kind.values, source="run.kind")
    trigger = serializers.ChoiceField(FunctionRun.Trigger.values, source="run.trigger")
    status = serializers.ChoiceField(FunctionRun.State.values, source="run.state")
    paused_until = serializers.DateTimeField(
        source="run.paused_until",
        allow_null=True,
        help_text="It runs, but nothing can be asked before.",
    )
    paused_reason = serializers.CharField(
        source="why_paused", allow_blank=True, help_text="Why not; empty where it goes on."
    )
    done = serializers.IntegerField(source="run.done", help_text="Items looked at.")
    total = serializers.IntegerField(source="run.total", help_text="Of how many; 0 while nobody knows.")
    versions = serializers.ListField(
        source="run.versions", child=serializers.IntegerField(), help_text="Pinned when it begins."
    )
    lines = FunctionLineView(many=True)
    tainted_at = serializers.DateTimeField(
        source="run.tainted_at", allow_null=True, help_text="When a version that it ran was rolled back."
    )
    tainted_reason = serializers.CharField(source="run.tainted_reason", allow_blank=True)
    error = serializers.CharField(source="run.error", allow_blank=True)
    created_by = serializers.CharField(source="run.created_by.username")
    created_at = serializers.DateTimeField(source="run.created_at")
    started_at = serializers.DateTimeField(source="run.started_at", allow_null=True)
    finished_at = serializers.DateTimeField(source="run.finished_at", allow_null=True)


class FunctionRunListView(serializers.Serializer[Any]):
    results = FunctionRunView(many=True)
    next = serializers.CharField(allow_null=True)


class FunctionTableView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    source_name = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.IntegerField()
    size = serializers.IntegerField(help_text="Bytes, packed.")
    sha256 = serializers.CharField()
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()


class FunctionTableListView(serializers.Serializer[Any]):
    results = FunctionTableView(many=True)


class WeakSettingsView(serializers.Serializer[Any]):
    automatic = serializers.BooleanField(
        help_text="Whether items that come or change get votes by themselves."
    )
    sensitive_fields = serializers.ListField(
        child=serializers.CharField(), help_text="Payload fields that no function sees."
    )
    class_balance = serializers.DictField(
        child=AnyJson(), help_text='{question: {label: share}, or "labeled": as people labeled}'
    )
    cascade = serializers.ListField(
        child=serializers.CharField(), help_text="What votes beside functions in the next fit."
    )


class FunctionKindView(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    about = serializers.CharField()


class FunctionFieldView(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField()


class FunctionQuestionView(serializers.Serializer[Any]):
    name = serializers.CharField()
    labels = serializers.ListField(child=serializers.CharField())


class FunctionVocabularyView(serializers.Serializer[Any]):
    kinds = FunctionKindView(many=True)
    fields = FunctionFieldView(many=True, help_text="Payload fields that functions may read.")  # type: ignore[assignment]
    questions = FunctionQuestionView(many=True, help_text="What functions may vote on.")
