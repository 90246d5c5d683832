"""REST: how good the answers are. Agreement, consensus, gold and calibration, as the page of quality shows them."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import filtering
from annotation.api.base import Api
from annotation.api.docs import PROBLEMS
from annotation.api.fields import Text
from annotation.api.paging import PageRequest, following_url, query
from annotation.api.where import WHERE_PARAMETERS, WhereRequest
from annotation.models import Consensus
from annotation.reports import quality
from annotation.reports.consensus_listed import Weighed, listed
from annotation.roles import Action, may
from annotation.tasks import latest_agreement


class MeasuredView(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    value = serializers.FloatField(allow_null=True, help_text="Null where it is undefined; see meaning.")
    low = serializers.FloatField(allow_null=True, help_text="Of the 95 % bootstrap interval over items.")
    high = serializers.FloatField(allow_null=True)
    items = serializers.IntegerField(source="n_items", help_text="With two answers or more.")
    judgments = serializers.IntegerField(source="n_judgments", help_text="Answers to those items.")
    people = serializers.IntegerField(source="n_sources")
    meaning = serializers.CharField(help_text="What it means, or why it is undefined.")
    chosen = serializers.BooleanField(help_text="The one to read first.")


class PairView(serializers.Serializer[Any]):
    first = serializers.CharField()
    second = serializers.CharField()
    value = serializers.FloatField(allow_null=True, help_text="By the coefficient of the table.")
    percent = serializers.FloatField(allow_null=True, help_text="Share of alike answers, 0 to 1.")
    items = serializers.IntegerField(source="n_items", help_text="That both answered.")


class PairsView(serializers.Serializer[Any]):
    coefficient = serializers.CharField()
    people = serializers.ListField(child=serializers.CharField())
    left_out = serializers.IntegerField(help_text="People with fewer shared items than those listed.")
    pairs = PairView(many=True)


class ConfusedItemView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    key = serializers.CharField()


class ConfusedView(serializers.Serializer[Any]):
    first = serializers.CharField()
    second = serializers.CharField()
    count = serializers.IntegerField(help_text="Pairs of answers to one item that say the one and the other.")
    rate = serializers.FloatField(help_text="Their share of the pairs that say either.")
    items = serializers.IntegerField(source="n_items")
    examples = serializers.SerializerMethodField()

    @extend_schema_field(ConfusedItemView(many=True))
    def get_examples(self, found: Any) -> list[dict[str, Any]]:
        return [{"id": pk, "key": key} for pk, key in found.items]


class OnLabelView(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    specific = serializers.FloatField(
        help_text="Where one person said it, how often another did, too: 0 to 1."
    )
    alpha = serializers.FloatField(
        allow_null=True, help_text="Krippendorff's, for this label against all others."
    )
    judgments = serializers.IntegerField(source="n_judgments")
    items = serializers.IntegerField(source="n_items")


class PartView(serializers.Serializer[Any]):
    name = serializers.CharField()
    agreement = MeasuredView(source="measured")


class AgainstView(serializers.Serializer[Any]):
    labels = serializers.ListField(
        child=serializers.CharField(), source="titles", help_text="Of the rows and columns of counts."
    )
    counts = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="counts[i][j]: answers that say j to items whose consensus is i.",
    )
    same = serializers.IntegerField(help_text="Answers that say what the consensus is.")
    judgments = serializers.IntegerField(source="n_judgments")


class OnQuestionView(serializers.Serializer[Any]):
    question = serializers.CharField(source="name")
    title = serializers.CharField()
    level = serializers.ChoiceField(["nominal", "ordinal", "interval", "set"])
    coefficients = MeasuredView(many=True, source="measured")
    pairwise = PairsView(source="pairs")
    confusions = ConfusedView(many=True, source="confused")
    labels = OnLabelView(many=True, help_text="The ones said most often.")
    n_labels = serializers.IntegerField(help_text="How many labels were said at all.")
    datasets = PartView(many=True, help_text="Empty when all items come from one.")
    over = serializers.ChoiceField(["week", "tenth", ""], help_text="What over_time is divided by.")
    over_time = PartView(many=True)
    consensus = AgainstView(source="against", allow_null=True)


class AgreementView(serializers.Serializer[Any]):
    freshness = serializers.ChoiceField(
        ["current", "computing", "waiting"],
        help_text="computing: newer figures are on their way; waiting: no worker has taken that up yet.",
    )
    as_of = serializers.DateTimeField(allow_null=True, help_text="Null before figures were first computed.")
    kinds = serializers.ListField(
        child=serializers.ChoiceField(["person"]), help_text="Of the sources whose votes are compared."
    )
    simulated = serializers.BooleanField(help_text="Whether some of the people are simulated.")
    answers = serializers.IntegerField()
    people = serializers.IntegerField()
    questions = OnQuestionView(many=True)


class Agreement(Api):
    @extend_schema(operation_id="agreement", responses={200: AgreementView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """How much people agree on each question of the current schema. Large projects' figures are computed by a worker:
        until it is done, the last ones are told with the time they are of."""
        found = latest_agreement(self.project(project_id, Action.BROWSE))
        figures = found.figures
        body = {
            "freshness": found.state,
            "as_of": figures.as_of if figures else None,
            "kinds": ["person"],
            "simulated": figures.simulated if figures else False,
            "answers": figures.answers if figures else 0,
            "people": figures.people if figures else 0,
            "questions": figures.questions if figures else [],
        }
        return Response(AgreementView(body).data)


class ConsensusRequest(WhereRequest, PageRequest):
    question = Text(max_length=64, default="", allow_blank=True)
    status = serializers.ChoiceField(Consensus.Status.values, required=False)
    min_confidence = serializers.FloatField(required=False, min_value=0, max_value=1)
    max_confidence = serializers.FloatField(required=False, min_value=0, max_value=1)
    unanimous = serializers.BooleanField(required=False, allow_null=True, default=None)


class ConsensusView(serializers.Serializer[Any]):
    item = serializers.IntegerField(source="item_id")
    key = serializers.CharField(source="item.key")
    question = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    distribution = serializers.DictField(
        child=serializers.FloatField(), help_text="{label: probability}; of sets each label by itself."
    )
    confidence = serializers.FloatField()
    entropy = serializers.FloatField(help_text="In bits.")
    status = serializers.ChoiceField(Consensus.Status.values)
    method = serializers.CharField()
    run = serializers.IntegerField(allow_null=True, help_text="Of the label model.")
    votes = serializers.IntegerField()
    unanimous = serializers.BooleanField(help_text="Whether all who voted said the same.")
    kinds = serializers.ListField(child=serializers.CharField(), help_text="Of the sources that voted.")
    schema = serializers.IntegerField(
        source="schema.version", help_text="The version that the value is under."
    )
    updated_at = serializers.DateTimeField()


class ConsensusListView(serializers.Serializer[Any]):
    results = ConsensusView(many=True)
    next = serializers.CharField(allow_null=True)


CONSENSUS_PARAMETERS = [
    *WHERE_PARAMETERS,
    OpenApiParameter("question", str, description="Only this question of the current schema."),
    OpenApiParameter(
        "status",
        str,
        enum=Consensus.Status.values,
        description="known: gold questions, for those who may configure the project, and only where asked for.",
    ),
    OpenApiParameter("min_confidence", float, description="0 to 1."),
    OpenApiParameter("max_confidence", float, description="0 to 1."),
    OpenApiParameter("unanimous", bool, description="false: only where people disagree."),
    OpenApiParameter("after", int, description="Only items with a larger id."),
    OpenApiParameter("limit", int, description="How many items, from 1 to 500; 100 unless told."),
]


class ConsensusList(Api):
    @extend_schema(
        operation_id="consensus",
        parameters=CONSENSUS_PARAMETERS,
        responses={200: ConsensusListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """What the answers to items amount to, by item and question. A page holds the rows of up to `limit` items."""
        project = self.project(project_id, Action.BROWSE)
        asked = query(ConsensusRequest, request)
        gold = may(project.role_of(self.user()), Action.CONFIGURE)
        weighed = Weighed(
            where=filtering.checked(project, asked["where"], gold=gold),
            question=asked["question"],
            status=asked.get("status", ""),
            low=asked.get("min_confidence"),
            high=asked.get("max_confidence"),
            unanimous=asked["unanimous"],
        )
        rows, following = listed(
            project=project,
            weighed=weighed,
            after=asked["after"],
            limit=asked["limit"],
            gold=gold,
        )
        return Response(
            {"results": ConsensusView(rows, many=True).data, "next": following_url(request, following)}
        )


class StatesView(serializers.Serializer[Any]):
    open = serializers.IntegerField()
    disputed = serializers.IntegerField()
    resolved = serializers.IntegerField()
    retired = serializers.IntegerField()


class DisputedView(serializers.Serializer[Any]):
    question = serializers.CharField()
    items = serializers.IntegerField(help_text="Disputed items that leave this question open.")
    disagree = serializers.IntegerField(help_text="Those about which people say different things.")


class DoubtfulView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    key = serializers.CharField()
    doubt = serializers.FloatField(help_text="1 less the confidence of the most doubtful question.")
    answers = serializers.IntegerField()
    question = serializers.CharField(
        source="why.question", allow_null=True, default=None, help_text="The most doubtful one."
    )


class WeighedView(serializers.Serializer[Any]):
    question = serializers.CharField()
    items = serializers.IntegerField(help_text="With a consensus.")
    sure = serializers.IntegerField(help_text="As sure as the project wants.")
    unanimous = serializers.IntegerField()


class JudgmentsView(serializers.Serializer[Any]):
    judgments = serializers.IntegerField()
    items = serializers.IntegerField()
    resolved = serializers.IntegerField()


class OverlapView(serializers.Serializer[Any]):
    least = serializers.IntegerField()
    most = serializers.IntegerField()
    items = serializers.IntegerField(help_text="Settled, gold questions left out.")
    judgments = serializers.IntegerField()
    saved = serializers.IntegerField(
        allow_null=True,
        help_text="Judgments less than if every resolved item had been given to as many people as allowed; null where "
        "the project asks a fixed number.",
    )
    distribution = serializers.SerializerMethodField()

    @extend_schema_field(JudgmentsView(many=True))
    def get_distribution(self, found: Any) -> list[dict[str, int]]:
        return [
            {"judgments": judgments, "items": items, "resolved": resolved}
            for judgments, items, resolved in found.by_judgments
        ]


class GoldShareView(serializers.Serializer[Any]):
    question = serializers.CharField(allow_blank=True, help_text="Empty: all of an answer at once.")
    training = serializers.BooleanField()
    answers = serializers.IntegerField(source="n")
    right = serializers.IntegerField()
    gold_questions = serializers.IntegerField(source="items")
    share = serializers.FloatField()
    low = serializers.FloatField(help_text="Of the 95 % interval (Wilson).")
    high = serializers.FloatField()


class BinView(serializers.Serializer[Any]):
    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()
    confidence = serializers.FloatField(help_text="The mean.")
    right = serializers.FloatField(help_text="The share that was right.")
    right_low = serializers.FloatField()
    right_high = serializers.FloatField()


class CalibrationView(serializers.Serializer[Any]):
    source = serializers.ChoiceField(  # type: ignore[assignment]
        ["gold", "adjudicated"], help_text="Where the truth comes from."
    )
    n = serializers.IntegerField()
    enough = serializers.BooleanField(help_text="False under 30: too few to tell.")
    right = serializers.FloatField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    brier = serializers.FloatField(allow_null=True)
    ece = serializers.FloatField(allow_null=True, help_text="Expected calibration error.")
    bins = BinView(many=True)


class FollowedView(serializers.Serializer[Any]):
    shown = serializers.IntegerField(help_text="Answers that were given beside a suggestion.")
    followed = serializers.IntegerField(help_text="Those that say the same.")
    share = serializers.FloatField()
    low = serializers.FloatField(help_text="Of the 95 % interval (Wilson).")
    high = serializers.FloatField()


class FollowedByView(FollowedView):
    username = serializers.CharField(source="name")


class SuggestionsView(serializers.Serializer[Any]):
    all = FollowedView()
    people = FollowedByView(many=True)
    on_gold = serializers.IntegerField(help_text="Answers to gold questions beside a suggestion.")
    misled = serializers.IntegerField(help_text="Where the suggestion was wrong and was followed.")
    resisted = serializers.IntegerField(help_text="Where the suggestion was wrong and the answer was right.")


class QualityView(serializers.Serializer[Any]):
    as_of = serializers.DateTimeField()
    items = StatesView()
    target_confidence = serializers.FloatField(source="target")
    consensus = WeighedView(many=True, source="weighed")
    disputed = DisputedView(many=True)
    doubtful = DoubtfulView(many=True, help_text="The most doubtful disputes.")
    overlap = OverlapView()
    gold_questions = serializers.IntegerField()
    gold = GoldShareView(many=True)
    calibration = CalibrationView(many=True)
    suggestions = SuggestionsView(
        allow_null=True, help_text="How people deal with what models suggest; null where nothing ever was."
    )


class Quality(Api):
    @extend_schema(operation_id="quality", responses={200: QualityView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """What is disputed, how many judgments items took, gold results, and whether the consensus is as sure as it
        should be."""
        return Response(QualityView(quality.of_project(self.project(project_id, Action.BROWSE))).data)


urlpatterns = [
    path("projects/<int:project_id>/agreement/", Agreement.as_view(), name="agreement"),
    path("projects/<int:project_id>/consensus/", ConsensusList.as_view(), name="consensus"),
    path("projects/<int:project_id>/quality/", Quality.as_view(), name="quality"),
]
