"""What machines say of items: one row for each model version, or import, that said something on a question."""

from __future__ import annotations

from django.db import models
from django.db.models import Func, Value
from django.db.models.functions import Cast

# Prediction.score as SQL about the table `p`.
SCORE = "CASE WHEN {p}.confidence < 1 OR {p}.distribution <> '{{}}' THEN {p}.confidence END"


class Prediction(models.Model):
    """What one source says of one question of one item. The latest of a model is what people may be shown as a suggestion."""

    class Kind(models.TextChoices):
        MODEL = "model", "Model"
        IMPORT = "import", "Import"

    project = models.ForeignKey(
        "annotation.Project", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    item = models.ForeignKey("annotation.Item", models.CASCADE, related_name="predictions", db_index=False)
    # The version of the questions that the value is under.
    schema = models.ForeignKey(
        "annotation.Schema", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    question = models.CharField(max_length=64)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    source = models.CharField(max_length=80)
    version = models.CharField(max_length=40)
    # The value as an answer says it, and the calibrated probability that it is right. Without a score it is 1 and there is no
    # distribution; a score of 1 has one, that of the value.
    value = models.JSONField()
    confidence = models.FloatField()
    # {label: probability} of the likeliest labels. For sets each label by itself.
    distribution = models.JSONField(default=dict)
    # When it was said last.
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "question", "kind", "source", "version"], name="one_prediction"
            ),
            models.CheckConstraint(
                condition=models.Q(confidence__gte=0, confidence__lte=1), name="prediction_confidence_0_to_1"
            ),
        ]
        indexes = [
            # For taking back what one version said.
            models.Index(
                fields=["project", "kind", "source", "version", "item"], name="prediction_by_source"
            ),
            # One value, in the order of the data table.
            models.Index(
                "project",
                "question",
                Func(Cast("value", models.TextField()), Value(0), function="hashtextextended"),
                "item",
                name="prediction_by_value",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question} of {self.item_id}: {self.value}"

    @property
    def score(self) -> float | None:
        """How likely the value is right; None where its source did not say."""
        return None if self.confidence == 1 and not self.distribution else self.confidence
