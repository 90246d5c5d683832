"""Snapshots: what there is, what a new one will have in it, how far it is, what it is made of, and how two differ."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone

from annotation import filtering, tasks
from annotation.errors import Conflict, DomainError, NotFound
from annotation.models import Comparison, Snapshot
from annotation.pages import snapshot_tables as tables
from annotation.pages.base import ProjectPage
from annotation.pages.forms import attempt, tell
from annotation.pages.snapshot_forms import SnapshotForm
from annotation.roles import Action, may
from annotation.services import snapshot_deletion, snapshot_files, snapshot_links, snapshots, splits
from annotation.services.snapshot_choices import check_choice, count_up_to
from annotation.services.snapshot_offers import offers

PAGE = 50
COUNTED = 100_000
# So long a worker may take to find a snapshot that waits: the sweep's interval and a little.
_PATIENCE = timedelta(seconds=15)
_LINK_MINUTES = 60


class SnapshotPage(ProjectPage):
    action = Action.EXPORT
    tab = "items"

    def snapshot(self, snapshot_id: int) -> Snapshot:
        found = snapshots.snapshot_for(user=self.user(), snapshot_id=snapshot_id)
        if found.project_id != self.project.pk:
            raise NotFound("There is no such snapshot in this project.")
        return found

    def address(self, snapshot: Snapshot, format: str) -> str:
        """Where the file is."""
        place = f"{reverse('api:snapshot-download', args=[snapshot.pk])}?format={format}"
        return self.request.build_absolute_uri(place)

    def crumbs(self, *more: tuple[str, str]) -> list[tuple[str, str]]:
        ids = [self.project.pk]
        here = reverse("snapshots", args=ids) if more else ""
        return [("Data", reverse("items", args=ids)), ("Snapshots", here), *more]


class Snapshots(SnapshotPage):
    template = "annotation/snapshots.html"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        before = request.GET.get("before", "")
        found = snapshots.snapshots_for(user=self.user(), project=self.project).order_by("-pk")
        if before.isascii() and before.isdigit() and len(before) < 19:
            found = found.filter(pk__lt=int(before))
        rows = list(found[: PAGE + 1])
        return self.render(
            fragment="annotation/snapshot_list.html",
            snapshots=rows[:PAGE],
            pending=any(snapshot.is_pending for snapshot in rows[:PAGE]),
            next=f"?before={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
            splits=list(splits.splits_for(user=self.user(), project=self.project)[:PAGE]),
            crumbs=self.crumbs(),
        )


class NewSnapshot(SnapshotPage):
    template = "annotation/snapshot_new.html"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = SnapshotForm(self.project, request.GET)
        return self._page(form, status=422 if form.errors and getattr(request, "htmx", False) else 200)

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = SnapshotForm(self.project, request.POST)
        if form.is_valid() and (made := attempt(form, partial(self._make, form))):
            tasks.snapshot_soon(made.pk)
            return redirect("snapshot", project_id, made.pk)
        return self._page(form, status=422)

    def _make(self, form: SnapshotForm) -> Snapshot:
        split = form.cleaned_data["split"]
        return snapshots.create(
            project=self.project,
            by=self.user(),
            choice=form.choice(),
            name=form.cleaned_data["name"],
            split=self.project.splits.get(pk=split) if split else None,
        )

    def _page(self, form: SnapshotForm, *, status: int = 200) -> HttpResponse:
        fault, found = self._foreseen(form)
        return self.render(
            status=status,
            fragment="annotation/snapshot_preview.html",
            form=form,
            fault=fault,
            found=found,
            counted=COUNTED,
            crumbs=self.crumbs(("New", "")),
        )

    def _foreseen(self, form: SnapshotForm) -> tuple[str, int | None]:
        """Why it cannot be made so, or how many rows it would have."""
        if not form.is_valid():
            return " ".join(str(text) for texts in form.errors.values() for text in texts), None
        gold = may(self.project.role_of(self.user()), Action.CONFIGURE)
        choice = form.choice()
        try:
            check_choice(project=self.project, choice=choice, gold=gold)
            with filtering.time_limit():
                return "", count_up_to(project=self.project, choice=choice, most=COUNTED + 1)
        except DomainError as error:
            return " ".join(fault.message for fault in error.faults) or str(error), None


class OneSnapshot(SnapshotPage):
    template = "annotation/snapshot.html"

    def get(self, request: HttpRequest, project_id: int, snapshot_id: int) -> HttpResponse:
        return self.show(self.snapshot(snapshot_id))

    def show(self, snapshot: Snapshot, **context: Any) -> HttpResponse:
        waiting = snapshot.state == Snapshot.State.WAITING
        return self.render(
            fragment="annotation/snapshot_status.html",
            snapshot=snapshot,
            unattended=waiting and timezone.now() - snapshot.created_at > _PATIENCE,
            choices=tables.choices(snapshot),
            compared=snapshot_deletion.compared(snapshot),
            crumbs=self.crumbs((f"Snapshot {snapshot.number}", "")),
            **(self._made(snapshot) if snapshot.state == Snapshot.State.DONE else {}),
            **context,
        )

    def _made(self, snapshot: Snapshot) -> dict[str, Any]:
        manifest = snapshot.manifest
        others = snapshots.snapshots_for(user=self.user(), project=self.project)
        others = others.filter(state=Snapshot.State.DONE, rows=snapshot.rows).exclude(pk=snapshot.pk)
        return {
            "manifest": manifest,
            "labels": tables.label_tables(manifest),
            "made_at": datetime.fromisoformat(manifest["made_at"]),
            "parts": manifest["layout"]["parts"],
            "part_rows": tables.part_rows(manifest),
            "origins": tables.origin_lines(manifest),
            "people": tables.people_table(manifest),
            "models": tables.models(manifest),
            "functions": tables.functions(manifest),
            "offers": offers(snapshot),
            "others": list(others.order_by("-pk")[:PAGE]),
            "curl": f"curl -OJ -H 'Authorization: Token YOUR-TOKEN' '{self.address(snapshot, 'jsonl')}'",
        }


class SnapshotVerb(SnapshotPage):
    """A button: cancel or retry."""

    verb: Callable[..., Snapshot]
    done = ""

    def get(self, request: HttpRequest, project_id: int, snapshot_id: int) -> HttpResponse:
        return redirect("snapshot", project_id, snapshot_id)

    def post(self, request: HttpRequest, project_id: int, snapshot_id: int) -> HttpResponse:
        tell(
            request,
            partial(type(self).verb, snapshot=self.snapshot(snapshot_id), by=self.user()),
            done=self.done,
        )
        tasks.snapshot_soon(snapshot_id)
        return redirect("snapshot", project_id, snapshot_id)


class SnapshotCancel(SnapshotVerb):
    verb = staticmethod(snapshots.cancel)
    done = "It is cancelled. Nothing of it is kept."


class SnapshotRetry(SnapshotVerb):
    verb = staticmethod(snapshots.retry)
    done = "It is made again, of what the project has come to by now."


class SnapshotDelete(SnapshotPage):
    def get(self, request: HttpRequest, project_id: int, snapshot_id: int) -> HttpResponse:
        return redirect("snapshot", project_id, snapshot_id)

    def post(self, request: HttpRequest, project_id: int, snapshot_id: int) -> HttpResponse:
        snapshot = self.snapshot(snapshot_id)
        try:
            snapshot_deletion.delete(snapshot=snapshot, by=self.user())
        except Conflict as error:
            messages.error(request, str(error))
            return redirect("snapshot", project_id, snapshot_id)
        tasks.snapshot_gone(snapshot_id)
        messages.success(request, f"Snapshot {snapshot.number} is deleted.")
        return redirect("snapshots", project_id)


class SnapshotLink(OneSnapshot):
    """A signed link to one file, for whoever has no token."""

    def get(self, request: HttpRequest, project_id: int, snapshot_id: int) -> HttpResponse:
        return redirect("snapshot", project_id, snapshot_id)

    def post(self, request: HttpRequest, project_id: int, snapshot_id: int) -> HttpResponse:
        snapshot = self.snapshot(snapshot_id)
        try:
            form = snapshot_files.format_named(request.POST.get("format", ""))
            made = snapshot_links.sign(snapshot=snapshot, form=form, by=self.user(), minutes=_LINK_MINUTES)
        except DomainError as error:
            raise NotFound(str(error)) from error
        url = f"{self.address(snapshot, form.name)}&link={made.secret}"
        if getattr(request, "htmx", False):
            self.template = "annotation/snapshot_link.html"
            return self.render(link=url, link_format=form, link_expires=made.expires_at)
        return self.show(snapshot, link=url, link_format=form, link_expires=made.expires_at)


class Compare(SnapshotPage):
    template = "annotation/comparison.html"

    def get(self, request: HttpRequest, project_id: int, snapshot_id: int, other_id: int) -> HttpResponse:
        old, new = self.snapshot(snapshot_id), self.snapshot(other_id)
        found = Comparison.objects.filter(old=old, new=new).first()
        return self.render(
            fragment="annotation/comparison_status.html",
            comparison=found,
            old=old,
            new=new,
            crumbs=self.crumbs((f"Snapshots {old.number} and {new.number}", "")),
        )

    def post(self, request: HttpRequest, project_id: int, snapshot_id: int, other_id: int) -> HttpResponse:
        old, new = self.snapshot(snapshot_id), self.snapshot(other_id)
        tell(request, partial(self._ask, old, new), done="They are compared in a moment.")
        return redirect("snapshot-compare", project_id, snapshot_id, other_id)

    def _ask(self, old: Snapshot, new: Snapshot) -> None:
        tasks.comparison_soon(snapshots.compare(old=old, new=new, by=self.user()).pk)


class CompareWith(SnapshotPage):
    """The other snapshot comes from a list: asks for the comparison with the older one first."""

    def get(self, request: HttpRequest, project_id: int, snapshot_id: int) -> HttpResponse:
        return redirect("snapshot", project_id, snapshot_id)

    def post(self, request: HttpRequest, project_id: int, snapshot_id: int) -> HttpResponse:
        other = request.POST.get("other", "")
        other_id = int(other) if other.isascii() and other.isdigit() and len(other) < 19 else 0
        old, new = sorted([self.snapshot(snapshot_id), self.snapshot(other_id)], key=lambda one: one.number)

        def ask() -> None:
            tasks.comparison_soon(snapshots.compare(old=old, new=new, by=self.user()).pk)

        tell(request, ask, done="They are compared in a moment.")
        return redirect("snapshot-compare", project_id, old.pk, new.pk)


_ALL = "projects/<int:project_id>/snapshots/"
_ONE = f"{_ALL}<int:snapshot_id>/"
urlpatterns = [
    path(_ALL, Snapshots.as_view(), name="snapshots"),
    path(f"{_ALL}new/", NewSnapshot.as_view(), name="snapshot-new"),
    path(_ONE, OneSnapshot.as_view(), name="snapshot"),
    path(f"{_ONE}cancel/", SnapshotCancel.as_view(), name="snapshot-cancel"),
    path(f"{_ONE}retry/", SnapshotRetry.as_view(), name="snapshot-retry"),
    path(f"{_ONE}delete/", SnapshotDelete.as_view(), name="snapshot-delete"),
    path(f"{_ONE}link/", SnapshotLink.as_view(), name="snapshot-link"),
    path(f"{_ONE}compare/", CompareWith.as_view(), name="snapshot-compare-with"),
    path(f"{_ONE}compare/<int:other_id>/", Compare.as_view(), name="snapshot-compare"),
]
