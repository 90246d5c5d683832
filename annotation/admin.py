"""Django's admin: a look into every table, and a hand on people. What services keep consistent is read-only here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import cached_property

from annotation.models import (
    Adjudication,
    Alike,
    AlikeSearch,
    Annotation,
    ApiToken,
    BulkAction,
    Comment,
    Comparison,
    Consensus,
    Dataset,
    Delivery,
    DisputeClaim,
    Flag,
    GoldQuestion,
    GoldResult,
    GuidelinesChange,
    Item,
    Lease,
    Media,
    Membership,
    Prediction,
    Project,
    ProjectFile,
    Rejection,
    Reservoir,
    SavedView,
    Schema,
    Skip,
    Snapshot,
    Split,
    Suspension,
    Tag,
    User,
    Webhook,
)

MOST_ROWS = 10_000

admin.site.site_header = admin.site.site_title = "Querent administration"


class ShortPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """Counts the first rows only: nobody turns a thousand pages, and counting a million rows takes long."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:MOST_ROWS].count())


class LargeTable(admin.ModelAdmin):  # type: ignore[type-arg]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = ShortPaginator
    list_per_page = 50
    ordering = ("-pk",)


class ReadOnly(LargeTable):
    """For rows that belong together with others: services change them, or nobody does."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    list_display = ("username", "email", "is_active", "is_staff", "can_create_projects", "demo", "last_login")
    list_filter = ("is_active", "is_staff", "can_create_projects", "demo")
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        (
            "Querent",
            {"fields": ("can_create_projects", "time_zone", "expertise", "theme", "hotkeys", "demo")},
        ),
    )
    show_full_result_count = False
    paginator = ShortPaginator

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Answers belong to people for good: switch an account off instead."""
        return False


@admin.register(ApiToken)
class TokenAdmin(ReadOnly):
    """Seen and revoked, never made here: the secret would be shown to the wrong person."""

    list_display = ("token_key", "name", "user", "created", "expiry")
    list_select_related = ("user",)
    search_fields = ("user__username", "name")
    ordering = ("-created",)
    fields = ("token_key", "name", "user", "created", "expiry")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True


@admin.register(Membership)
class MembershipAdmin(LargeTable):
    list_display = ("user", "project", "role", "answered", "annotation_limit", "paused_reason")
    list_filter = ("role",)
    list_select_related = ("user", "project")
    search_fields = ("user__username", "project__name")
    raw_id_fields = ("user", "project")
    readonly_fields = ("answered", "cursor_priority", "cursor_item", "created_at")


@admin.register(Project)
class ProjectAdmin(LargeTable):
    """Words only: rules of work go through the settings page, which carries them to the items."""

    list_display = ("name", "created_by", "created_at", "archived_at", "annotations_per_item", "demo")
    list_filter = ("archived_at", "demo")
    list_select_related = ("created_by",)
    search_fields = ("name", "description")
    fields = (
        "name",
        "description",
        "guidelines",
        "created_by",
        "created_at",
        "archived_at",
        "annotations_per_item",
    )
    readonly_fields = ("created_by", "created_at", "archived_at", "annotations_per_item")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Schema)
class SchemaAdmin(ReadOnly):
    list_display = ("project", "version", "note", "created_by", "created_at")
    list_select_related = ("project", "created_by")
    search_fields = ("project__name",)


@admin.register(Dataset)
class DatasetAdmin(ReadOnly):
    list_display = ("name", "project", "state", "rows_imported", "rows_rejected", "created_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("project", "created_by")
    search_fields = ("name", "source_name", "project__name")


@admin.register(Rejection)
class RejectionAdmin(ReadOnly):
    list_display = ("dataset", "row", "field", "message")
    list_select_related = ("dataset",)


@admin.register(Media)
class MediaAdmin(ReadOnly):
    list_display = ("name", "project", "content_type", "size", "created_at")
    list_select_related = ("project",)
    search_fields = ("name",)


@admin.register(Item)
class ItemAdmin(ReadOnly):
    list_display = ("key", "project", "state", "role", "priority", "answers", "wanted", "open_slots")
    list_filter = ("state", "role")
    list_select_related = ("project",)
    search_fields = ("=key",)
    search_help_text = "The whole key of an item."
    exclude = ("digest",)


@admin.register(GoldQuestion)
class GoldQuestionAdmin(ReadOnly):
    list_display = ("item", "project", "holdout", "exposures", "created_by", "created_at")
    list_filter = ("holdout",)
    list_select_related = ("item", "project", "created_by")


@admin.register(GoldResult)
class GoldResultAdmin(ReadOnly):
    list_display = ("item", "annotator", "right", "training", "created_at")
    list_filter = ("right", "training")
    list_select_related = ("item", "annotator")
    search_fields = ("=annotator__username",)


@admin.register(Suspension)
class SuspensionAdmin(ReadOnly):
    list_display = ("user", "project", "right", "judged", "created_at", "closed_at", "closed_by")
    list_select_related = ("user", "project", "closed_by")


@admin.register(Consensus)
class ConsensusAdmin(ReadOnly):
    list_display = ("item", "question", "value", "confidence", "votes", "status", "method", "updated_at")
    list_filter = ("status",)
    list_select_related = ("item",)


@admin.register(Prediction)
class PredictionAdmin(ReadOnly):
    list_display = ("item", "question", "value", "score", "kind", "source", "version", "created_at")
    list_filter = ("kind",)
    list_select_related = ("item",)


@admin.register(Adjudication)
class AdjudicationAdmin(ReadOnly):
    list_display = ("item", "kind", "by", "note", "created_at")
    list_filter = ("kind",)
    list_select_related = ("item", "by")


@admin.register(DisputeClaim)
class DisputeClaimAdmin(ReadOnly):
    list_display = ("item", "expert", "expires_at")
    list_select_related = ("item", "expert")


@admin.register(Lease)
class LeaseAdmin(ReadOnly):
    list_display = ("id", "item", "annotator", "state", "created_at", "expires_at")
    list_filter = ("state",)
    list_select_related = ("item", "annotator")
    search_fields = ("=annotator__username",)


@admin.register(Annotation)
class AnnotationAdmin(ReadOnly):
    list_display = ("id", "item", "annotator", "origin", "seconds", "created_at")
    list_filter = ("origin",)
    list_select_related = ("item", "annotator")
    search_fields = ("=annotator__username",)


@admin.register(Skip)
class SkipAdmin(ReadOnly):
    list_display = ("item", "annotator", "policy", "reason", "created_at")
    list_filter = ("policy",)
    list_select_related = ("item", "annotator")


@admin.register(GuidelinesChange)
class GuidelinesChangeAdmin(ReadOnly):
    list_display = ("project", "note", "by", "created_at")
    list_select_related = ("project", "by")


@admin.register(Flag)
class FlagAdmin(ReadOnly):
    list_display = ("item", "author", "reason", "created_at", "closed_at", "closed_by")
    list_select_related = ("item", "author", "closed_by")


@admin.register(Comment)
class CommentAdmin(ReadOnly):
    """Comments can be removed here: the place to moderate them."""

    list_display = ("item", "author", "body", "created_at")
    list_select_related = ("item", "author")
    search_fields = ("=author__username",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnly):
    list_display = ("project", "number", "name", "rows", "state", "row_count", "created_by", "created_at")
    list_filter = ("state", "rows")
    list_select_related = ("project", "created_by")


@admin.register(Split)
class SplitAdmin(ReadOnly):
    list_display = ("project", "name", "kind", "by", "created_by", "created_at")
    list_filter = ("kind",)
    list_select_related = ("project", "created_by")


@admin.register(Comparison)
class ComparisonAdmin(ReadOnly):
    list_display = ("old", "new", "state", "created_by", "created_at")
    list_select_related = ("old", "new", "created_by")


@admin.register(Tag)
class TagAdmin(ReadOnly):
    list_display = ("project", "name", "created_at")
    list_select_related = ("project",)


@admin.register(SavedView)
class SavedViewAdmin(ReadOnly):
    list_display = ("project", "name", "where", "created_by", "created_at")
    list_select_related = ("project", "created_by")


@admin.register(BulkAction)
class BulkActionAdmin(ReadOnly):
    list_display = ("project", "action", "where", "state", "changed", "created_by", "created_at")
    list_filter = ("state", "action")
    list_select_related = ("project", "created_by")


@admin.register(AlikeSearch)
class AlikeSearchAdmin(ReadOnly):
    list_display = ("project", "state", "threshold", "found", "done", "total", "created_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("project",)


@admin.register(Alike)
class AlikeAdmin(ReadOnly):
    list_display = ("item", "of", "similarity")
    list_select_related = ("item", "of")


@admin.register(Webhook)
class WebhookAdmin(ReadOnly):
    list_display = ("project", "url", "active", "failing_since", "created_by", "created_at")
    list_filter = ("active",)
    list_select_related = ("project", "created_by")
    exclude = ("secret",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ("webhook", "type", "state", "attempts", "status_code", "happened_at")
    list_filter = ("state",)
    list_select_related = ("webhook",)


@admin.register(Reservoir)
class ReservoirAdmin(ReadOnly):
    list_display = ("project", "size", "seed", "seen", "created_at")
    list_select_related = ("project",)


@admin.register(ProjectFile)
class ProjectFileAdmin(ReadOnly):
    list_display = ("kind", "name", "project", "state", "size", "created_by", "created_at")
    list_filter = ("state", "kind")
    list_select_related = ("project", "created_by")
