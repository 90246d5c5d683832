"""What asking next rests on: how a project learns, encoders and their shards, models, rounds and what they chose."""

from __future__ import annotations

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from pgvector.django import HalfVectorField

from annotation.models import Item, Project, Schema, User
from annotation.models.audit import audited
from annotation.models.job import Job

_SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


@audited()
class LearningSettings(models.Model):
    """How a project learns and chooses. Without a row it does neither."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="learning", primary_key=True)
    # Whether rounds start by themselves.
    automatic = models.BooleanField(default=True)
    # The question that is learned; empty: the first one of the schema that can be.
    question = models.CharField(max_length=64, blank=True)
    # Names of active/names.py. An empty encoder: chosen by the types of the fields.
    encoder = models.CharField(max_length=40, blank=True)
    encoder_options = models.JSONField(default=dict, blank=True)
    learner = models.CharField(max_length=40, default="logistic")
    learner_options = models.JSONField(default=dict, blank=True)
    strategy = models.CharField(max_length=40, default="adaptive")
    # A second strategy chooses half of every batch, to be compared with the first.
    rival = models.CharField(max_length=40, blank=True)
    batch = models.PositiveIntegerField(
        default=100, validators=[MinValueValidator(1), MaxValueValidator(10_000)]
    )
    # A round starts by itself after so many new answers, and after so many minutes if there are any.
    new_labels = models.PositiveIntegerField(default=20, validators=[MinValueValidator(1)])
    every_minutes = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    # Which part of a batch is drawn at random, for honest estimates, and which at most asks again about answered items.
    explore = models.FloatField(default=0.05, validators=_SHARE)
    ask_again = models.FloatField(default=0.1, validators=_SHARE)
    # How many answers beyond those that the project wants an item may get by being asked about again.
    again_at_most = models.PositiveSmallIntegerField(default=2)
    # Whether models learn from what labeling functions say of items that nobody has answered; and, where hard labels are
    # wanted of it, the precision that is expected of them.
    from_functions = models.BooleanField(default=False)
    functions_precision = models.FloatField(null=True, blank=True, validators=_SHARE)
    # Which part of a batch at most is items whose answers teach most about the labeling functions.
    review = models.FloatField(default=0.1, validators=_SHARE)
    # The share of right answers that is aimed at, for the forecast of labels still needed.
    target = models.FloatField(null=True, blank=True, validators=_SHARE)

    def __str__(self) -> str:
        return f"how project {self.project_id} learns"


class Encoder(models.Model):
    """One fitted way from payloads to vectors. Never changed: another fit is another version."""

    class State(models.TextChoices):
        FITTING = "fitting", "Fitting"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    project = models.ForeignKey(Project, models.CASCADE, related_name="encoders")
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    # What it reads and how: {"fields": [...], ...}.
    options = models.JSONField(default=dict)
    dimension = models.PositiveIntegerField(default=0)
    # The encoder's bytes in storage, and their SHA-256, which is its fingerprint.
    file = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.FITTING)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "version"], name="one_encoder_version")]

    def __str__(self) -> str:
        return f"encoder {self.version} of project {self.project_id}"


class EmbeddingShard(models.Model):
    """Up to 50,000 embedded items in one file of storage: ids ascending and one float16 row each."""

    encoder = models.ForeignKey(Encoder, models.CASCADE, related_name="shards")
    rows = models.PositiveIntegerField()
    first_item = models.BigIntegerField()
    last_item = models.BigIntegerField()
    file = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["encoder", "first_item"], name="shard_by_item")]

    def __str__(self) -> str:
        return f"{self.rows} rows from item {self.first_item} on"


class RoundQuerySet(models.QuerySet["Round"]):
    def pending(self) -> Self:
        """Rounds that are not over, in the order in which they are worked off."""
        return self.filter(state__in=Round.PENDING).order_by("pk")


class Round(models.Model):
    """One cycle of training, scoring, choosing and publishing. The row is the pending work, then its record."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        EMBEDDING = "embedding", "Embedding new items"
        TRAINING = "training", "Training"
        SCORING = "scoring", "Scoring the pool"
        CHOOSING = "choosing", "Choosing and publishing"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Trigger(models.TextChoices):
        PAGE = "page", "Asked for on the page"
        REST = "rest", "Asked for over REST"
        START = "start", "Learning was turned on"
        LABELS = "labels", "Enough new answers"
        FUNCTIONS = "function", "Other labeling functions count"
        SCHEDULE = "schedule", "It was time"
        DRY = "dry", "The queue ran low"

    PENDING = (State.WAITING, State.EMBEDDING, State.TRAINING, State.SCORING, State.CHOOSING)

    project = models.ForeignKey(Project, models.CASCADE, related_name="rounds")
    number = models.PositiveIntegerField()
    question = models.CharField(max_length=64)
    schema = models.ForeignKey(Schema, models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    trigger = models.CharField(max_length=8, choices=Trigger.choices)
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    strategy = models.CharField(max_length=40)
    rival = models.CharField(max_length=40, blank=True)
    batch = models.PositiveIntegerField()
    attempts = models.PositiveSmallIntegerField(default=0)
    # Answers given in the project when it took up its labels; how many items' consensus it learned from.
    answers = models.PositiveIntegerField(default=0)
    labels = models.PositiveIntegerField(default=0)
    pool = models.PositiveIntegerField(default=0)
    encoder = models.ForeignKey(Encoder, models.SET_NULL, null=True, related_name="+", db_index=False)
    model = models.ForeignKey(
        "active.ModelVersion", models.SET_NULL, null=True, related_name="+", db_index=False
    )
    # What the page shows: services/rounds.py fills {phase: seconds}, the histogram of scores, and what it noticed.
    timings = models.JSONField(default=dict)
    figures = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    # How many it chose: new items by strategy, at random, and asked again.
    chosen = models.PositiveIntegerField(default=0)
    explored = models.PositiveIntegerField(default=0)
    again = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    # When anything last moved.
    moved_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RoundQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="one_round_number"),
            # Never two at once, and asking twice is asking once.
            models.UniqueConstraint(
                fields=["project"],
                name="one_pending_round",
                condition=Q(state__in=["waiting", "embedding", "training", "scoring", "choosing"]),
            ),
        ]
        indexes = [models.Index(fields=["project", "-id"], name="round_latest")]

    def __str__(self) -> str:
        return f"round {self.number} of project {self.project_id}"

    @property
    def is_pending(self) -> bool:
        return self.state in self.PENDING


class RoundShard(models.Model):
    """One shard of the pool that a round scores: the pending work of one task, then what it found."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="shards")
    shard = models.ForeignKey(EmbeddingShard, models.CASCADE, related_name="+", db_index=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    scored = models.PositiveIntegerField(default=0)
    # The candidates of this shard as bytes (services/candidates.py); emptied when the round is over.
    found = models.BinaryField(default=bytes)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "shard"], name="one_score_per_shard")]

    def __str__(self) -> str:
        return f"{self.shard_id} for {self.round_id}"


class ModelVersion(models.Model):
    """One trained model of a question. Never changed but for its standing."""

    class State(models.TextChoices):
        CANDIDATE = "candidate", "Candidate"
        PROMOTED = "promoted", "In use"
        REFUSED = "refused", "Refused"
        RETIRED = "retired", "Was in use"

    project = models.ForeignKey(Project, models.CASCADE, related_name="model_versions")
    version = models.PositiveIntegerField()
    question = models.CharField(max_length=64)
    schema = models.ForeignKey(Schema, models.CASCADE, related_name="+", db_index=False)
    encoder = models.ForeignKey(Encoder, models.CASCADE, related_name="model_versions")
    learner = models.CharField(max_length=40)
    calibration = models.CharField(max_length=20, blank=True)
    # {"options": ..., "labels": [...], "kind": "single" | "set" | "ordinal", "seed": ...}
    parameters = models.JSONField(default=dict)
    # SHA-256 over the ids, targets and weights that it learned from.
    data_sha256 = models.CharField(max_length=64)
    items = models.PositiveIntegerField()
    # {"cross_validated": {...}, "holdout": {...} | None, "random": {...} | None}: services/scores.py.
    metrics = models.JSONField(default=dict)
    file = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=9, choices=State.choices, default=State.CANDIDATE)
    # Why it is in use, or is not.
    reason = models.TextField(blank=True)
    promoted_at = models.DateTimeField(null=True)
    promoted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "version"], name="one_model_version"),
            models.UniqueConstraint(
                fields=["project", "question"], name="one_promoted_model", condition=Q(state="promoted")
            ),
        ]

    def __str__(self) -> str:
        return f"model {self.version} of project {self.project_id}"


class Selection(models.Model):
    """Why an item was chosen: by which round and strategy, with which score, at which rank."""

    class Kind(models.TextChoices):
        NEW = "new", "Asked for the first time"
        AGAIN = "again", "Asked again"
        RANDOM = "random", "Drawn at random"
        ARRIVED = "arrived", "Arrived after the round"
        REVIEW = "review", "Checks the labeling functions"

    round = models.ForeignKey(Round, models.CASCADE, related_name="selections", db_index=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="selections")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    strategy = models.CharField(max_length=40)
    # Higher means ask sooner; its scale is the strategy's.
    score = models.FloatField()
    # The expected rise of the chance of a right answer by one more judgment, the scale that new and again share.
    value = models.FloatField(default=0.0)
    rank = models.PositiveIntegerField()
    priority = models.FloatField()
    reason = models.CharField(max_length=200)
    # The nearest labeled items: [{"item", "key", "label", "similarity"}].
    nearest = models.JSONField(default=list)
    # Whether the item really came to the queue by it: it may have been answered meanwhile.
    published = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "item"], name="one_selection")]
        indexes = [models.Index(fields=["round", "rank"], name="selection_by_rank")]

    def __str__(self) -> str:
        return f"{self.item_id} by {self.round_id}"


class CurvePoint(models.Model):
    """How good the model of a round is: one point of the learning curve."""

    round = models.OneToOneField(Round, models.CASCADE, related_name="point", primary_key=True)
    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    question = models.CharField(max_length=64)
    labels = models.PositiveIntegerField()
    # Judged on "holdout" or out of fold on "random" items; how many.
    judged_on = models.CharField(max_length=8)
    judged = models.PositiveIntegerField()
    accuracy = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    log_loss = models.FloatField(null=True)
    # What random choice would have reached by so many labels: {"accuracy", "low", "high", "from": labels}, or nothing.
    random = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["project", "question", "labels"], name="curve_by_labels")]

    def __str__(self) -> str:
        return f"{self.accuracy:.3f} with {self.labels} labels"


class Simulation(models.Model):
    """A replay of strategies on what a project has labeled. The row is the pending work, then its record."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    project = models.ForeignKey(Project, models.CASCADE, related_name="simulations")
    question = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    # {"strategies", "seeds", "start", "batch", "budget", "annotator"}
    options = models.JSONField(default=dict)
    progress = models.FloatField(default=0.0)
    attempts = models.PositiveSmallIntegerField(default=0)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                name="one_pending_simulation",
                condition=Q(state__in=["waiting", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"simulation {self.pk} of project {self.project_id}"


class SimilarSearch(Job):
    """Whether a project's items can be found by likeness, and the pending work of keeping it so. Without a row they cannot."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="similar_search", primary_key=True)
    # Whose vectors are searched.
    encoder = models.ForeignKey(Encoder, models.SET_NULL, null=True, related_name="+", db_index=False)
    vectors = models.PositiveIntegerField(default=0)
    # Up to here items and shards have been looked at.
    last_item = models.BigIntegerField(default=0)
    last_shard = models.BigIntegerField(default=0)
    # How many candidates a search looks at to find which share of the ten nearest; 0: it compares all vectors.
    looked_at = models.PositiveIntegerField(default=0)
    recall = models.FloatField(default=1.0)

    class Meta:
        indexes = [
            models.Index(
                fields=["project"], name="similar_pending", condition=Q(state__in=["waiting", "running"])
            )
        ]

    def __str__(self) -> str:
        return f"similar items of project {self.project_id}"


class ItemVector(models.Model):
    """An item's vector, where the database can search it. Migration 0003 makes both foreign keys, which let go of it by
    themselves, and services/similar_index.py one index for each large encoder."""

    pk = models.CompositePrimaryKey("encoder_id", "item_id")
    encoder = models.ForeignKey(
        Encoder, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    item = models.ForeignKey(Item, models.DO_NOTHING, related_name="+", db_constraint=False)
    vector = HalfVectorField()

    def __str__(self) -> str:
        return f"{self.item_id} by {self.encoder_id}"
