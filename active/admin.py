"""Django's admin: a look into the tables of learning. Workers and services write them, nobody here."""

from __future__ import annotations

from django.contrib import admin

from active.models import (
    CurvePoint,
    EmbeddingShard,
    Encoder,
    LearningSettings,
    ModelVersion,
    Round,
    RoundShard,
    Selection,
    SimilarSearch,
    Simulation,
)
from annotation.admin import ReadOnly


@admin.register(LearningSettings)
class LearningSettingsAdmin(ReadOnly):
    list_display = ("project", "automatic", "question", "strategy", "rival", "batch", "learner", "encoder")
    list_filter = ("automatic", "strategy")
    list_select_related = ("project",)
    search_fields = ("project__name",)


@admin.register(Encoder)
class EncoderAdmin(ReadOnly):
    list_display = ("project", "version", "kind", "dimension", "state", "created_at")
    list_filter = ("state", "kind")
    list_select_related = ("project",)


@admin.register(EmbeddingShard)
class EmbeddingShardAdmin(ReadOnly):
    list_display = ("encoder", "rows", "first_item", "last_item", "file", "created_at")
    list_select_related = ("encoder",)


@admin.register(Round)
class RoundAdmin(ReadOnly):
    list_display = ("project", "number", "state", "trigger", "strategy", "labels", "pool", "created_at")
    list_filter = ("state", "trigger")
    list_select_related = ("project",)
    search_fields = ("project__name",)


@admin.register(RoundShard)
class RoundShardAdmin(ReadOnly):
    list_display = ("round", "shard_id", "attempts", "scored", "started_at", "finished_at")
    list_select_related = ("round",)
    exclude = ("found",)


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnly):
    list_display = ("project", "version", "question", "learner", "items", "state", "created_at")
    list_filter = ("state", "learner")
    list_select_related = ("project",)
    search_fields = ("project__name",)


@admin.register(Selection)
class SelectionAdmin(ReadOnly):
    list_display = ("round", "item", "kind", "strategy", "score", "rank", "published")
    list_filter = ("kind",)
    list_select_related = ("round", "item")
    search_fields = ("=item__key",)


@admin.register(CurvePoint)
class CurvePointAdmin(ReadOnly):
    list_display = ("project", "question", "labels", "judged_on", "judged", "accuracy", "created_at")
    list_select_related = ("project",)


@admin.register(Simulation)
class SimulationAdmin(ReadOnly):
    list_display = ("project", "question", "state", "progress", "requested_by", "created_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("project", "requested_by")
    exclude = ("result",)


@admin.register(SimilarSearch)
class SimilarSearchAdmin(ReadOnly):
    list_display = ("project", "state", "encoder", "vectors", "done", "total", "created_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("project", "encoder")
