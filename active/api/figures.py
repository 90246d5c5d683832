"""How figures look that workers wrote down: scores of models, and what a round noticed. Any part may be missing."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class WithIntervalView(serializers.Serializer[Any]):
    value = serializers.FloatField()
    low = serializers.FloatField(help_text="Of the 95 % interval.", required=False)
    high = serializers.FloatField(required=False)


class LabelScoreView(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    precision = serializers.FloatField(allow_null=True)
    recall = serializers.FloatField(allow_null=True)
    f1 = serializers.FloatField(allow_null=True)
    support = serializers.FloatField(help_text="Items that have this label in truth.")


class ReliabilityView(serializers.Serializer[Any]):
    confidence = serializers.FloatField(help_text="How sure the model was, on the mean.")
    accuracy = serializers.FloatField(help_text="The share that was right.")
    n = serializers.IntegerField()


class ScoresView(serializers.Serializer[Any]):
    n = serializers.IntegerField(help_text="Items that it was judged on.", required=False)
    accuracy = WithIntervalView(required=False)
    macro_f1 = WithIntervalView(required=False)
    log_loss = serializers.FloatField(required=False, allow_null=True)
    brier = serializers.FloatField(required=False, allow_null=True)
    calibration_error = serializers.FloatField(required=False, allow_null=True)
    exact = WithIntervalView(required=False, help_text="Of sets: all labels right.")
    within_one = WithIntervalView(required=False, help_text="Of ratings: at most one point off.")
    mean_absolute_error = WithIntervalView(required=False, help_text="Of ratings.")
    labels = LabelScoreView(many=True, required=False)
    confusion = serializers.ListField(
        child=serializers.ListField(child=serializers.JSONField()),
        required=False,
        help_text="[[true label, given label, count]].",
    )
    reliability = ReliabilityView(many=True, required=False)


class PeopleLearnedView(serializers.Serializer[Any]):
    items = serializers.IntegerField()
    weight = serializers.FloatField(help_text="What they count for: the sum of their confidences.")


class ExpectedPrecisionView(serializers.Serializer[Any]):
    threshold = serializers.FloatField(help_text="From so sure on.")
    precision = serializers.FloatField(help_text="Expected, as measured on labeled items.")
    low = serializers.FloatField()
    high = serializers.FloatField()


class FunctionsLearnedView(PeopleLearnedView):
    run = serializers.IntegerField(help_text="The fit that the probable labels come from.")
    worth = serializers.FloatField(help_text="The part of the doubt that they take away, as measured.")
    hard = ExpectedPrecisionView(allow_null=True, help_text="null: learned as probabilities.")


class LearnedFromView(serializers.Serializer[Any]):
    person = PeopleLearnedView(help_text="Items that people answered.")
    functions = FunctionsLearnedView(
        required=False, help_text="Items that nobody answered, by labeling functions."
    )


class MetricsView(serializers.Serializer[Any]):
    learned_from = LearnedFromView(required=False, help_text="By kind of source.")
    cross_validated = ScoresView(
        allow_null=True, required=False, help_text="Out of fold, on what it learned from."
    )
    holdout = ScoresView(
        allow_null=True, required=False, help_text="On known answers that it never learned from."
    )
    random = ScoresView(
        allow_null=True, required=False, help_text="Out of fold, on items that were drawn at random."
    )


class HistogramView(serializers.Serializer[Any]):
    edges = serializers.ListField(child=serializers.FloatField(), help_text="One more than there are counts.")
    counts = serializers.ListField(child=serializers.IntegerField())
    what = serializers.CharField(required=False, help_text="What the scores say.")


class AdviceView(serializers.Serializer[Any]):
    last = serializers.IntegerField(help_text="The latest so many labels ...")
    gain = serializers.FloatField(help_text="... moved the accuracy by so much.")
    low = serializers.FloatField()
    high = serializers.FloatField()
    sentence = serializers.CharField()


class ForecastView(serializers.Serializer[Any]):
    target = serializers.FloatField()
    labels = serializers.IntegerField(
        allow_null=True, help_text="More labels that it takes; null: not foreseeable, see the sentence."
    )
    low = serializers.IntegerField(allow_null=True)
    high = serializers.IntegerField(allow_null=True)
    sentence = serializers.CharField()


class RivalsView(serializers.Serializer[Any]):
    strategies = serializers.ListField(child=serializers.CharField())
    difference = serializers.FloatField(
        help_text="Accuracy of the first minus that of the second at equal labels, for 1,000 labels."
    )
    low = serializers.FloatField()
    high = serializers.FloatField()
    labels = serializers.ListField(child=serializers.IntegerField())
    sentence = serializers.CharField()


class FiguresView(serializers.Serializer[Any]):
    scores = HistogramView(required=False)
    predicted = serializers.DictField(
        child=serializers.FloatField(),
        required=False,
        help_text="{label: share of the pool that is predicted to have it}.",
    )
    advice = AdviceView(required=False, allow_null=True)
    needed = ForecastView(required=False, allow_null=True)
    rivals = RivalsView(required=False, allow_null=True)
    learned_from = LearnedFromView(required=False, help_text="What the model learned from.")
    review = serializers.IntegerField(
        required=False, help_text="How many of the batch check the labeling functions."
    )
