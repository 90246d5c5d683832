"""The page of one item, and what is done to it there."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from annotation import filtering
from annotation.errors import InvalidInput, NotAllowed, NotFound
from annotation.models import Consensus, Flag, GoldQuestion, Item, User
from annotation.pages.base import ProjectPage
from annotation.pages.forms import tell
from annotation.pages.item_filters import kept_address
from annotation.pages.payloads import shown
from annotation.questions import Shown
from annotation.reports import alike
from annotation.reports.blind import standing
from annotation.reports.evidence import evidence_seen
from annotation.reports.item import answers_of, flags_of, threads, timeline
from annotation.reports.readings import readings_under
from annotation.reports.suspensions import doubtful_on
from annotation.roles import Action
from annotation.services import items, talk
from annotation.services.items import Opened


class ItemPage(ProjectPage):
    """What the page of an item and its buttons share."""

    template = "annotation/item.html"
    tab = "items"

    def opened(self, item_id: int) -> Opened:
        """The item, if it is one of this project and this person may open it."""
        found = items.open_item(user=self.user(), item_id=item_id)
        if found.item.project_id != self.project.pk:
            raise NotFound("There is no such item in this project.")
        return found

    def page(self, opened: Opened, *, status: int = 200, **forms: Any) -> HttpResponse:
        item, browse = opened.item, opened.may(Action.BROWSE)
        gold = opened.may(Action.CONFIGURE)
        known: GoldQuestion | None = getattr(item, "gold", None) if gold else None
        answers = answers_of(item, annotator=None if browse else self.user())
        flags = [flag for flag in flags_of(item) if browse or flag.author_id == self.user().pk]
        kept = kept_address(self.request).query()
        evidence = evidence_seen(item, browse=browse, gold=gold)
        return self.render(
            status=status,
            item=item,
            seen=standing(item, gold=gold, browse=browse, answered=bool(answers) and not browse),
            browse=browse,
            gold=known,
            gold_shown=_known(item, known) if known else (),
            shown=shown(self.project, item.payload),
            answers=answers,
            evidence=evidence,
            decided=any(one.status == Consensus.Status.ADJUDICATED for one in evidence),
            nonce=uuid4().hex,
            doubtful=doubtful_on(item, [one.id for one in answers]) if browse else (),
            flags=flags,
            my_flag=_open_flag(flags, self.user()),
            threads=threads(item),
            history=timeline(item, answers, gold=gold) if browse else [],
            earlier=alike.earlier(item) if browse else None,
            later=alike.later(item) if browse else [],
            kept=kept,
            tags=item.tags.order_by("tag__name").values_list("tag__name", flat=True) if browse else (),
            **(self._neighbours(item, gold=gold) if browse else {}),
            **forms,
        )

    def context(self, **context: Any) -> dict[str, Any]:
        found = super().context(**context)
        listed = reverse("items", args=[self.project.pk]) + found["kept"] if found["browse"] else ""
        return {**found, "crumbs": [("Data", listed), (found["item"].key, "")]}

    def _neighbours(self, item: Item, *, gold: bool) -> dict[str, str]:
        """The items before and after this one in the list that it was opened from."""
        try:
            where = kept_address(self.request).checked(self.project, gold=gold)
            with filtering.time_limit():
                before = filtering.page_ids(self.project, where, before=item.pk, limit=1)
                after = filtering.page_ids(self.project, where, after=item.pk, limit=1)
        except (InvalidInput, NotAllowed):
            # The list that it was opened from is no more.
            return {}
        return {"previous": self._url(before), "next": self._url(after)}

    def _url(self, ids: list[int]) -> str:
        kept = kept_address(self.request).query()
        return reverse("item", args=[self.project.pk, ids[0]]) + kept if ids else ""

    def back(self, item_id: int) -> HttpResponse:
        """To the item's page, with the filters of the list that it was opened from."""
        return redirect(self._url([item_id]))


def _known(item: Item, gold: GoldQuestion) -> list[Shown]:
    """The known answer as it reads now."""
    if item.project.schema_id is None:
        return []
    readings = readings_under(item.project.schema_id)
    return readings.form.shown(readings.read(gold.schema_id, gold.answer)[0])


def _open_flag(flags: list[Flag], user: User) -> Flag | None:
    return next((flag for flag in flags if flag.closed_at is None and flag.author_id == user.pk), None)


class OneItem(ItemPage):
    def get(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        return self.page(self.opened(item_id))


class RetireItem(ItemPage):
    def post(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        item = self.opened(item_id).item
        tell(request, lambda: items.retire(item_id=item.pk, by=self.user()), done=f"{item.key} is retired.")
        return self.back(item_id)


class ReopenItem(ItemPage):
    def post(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        item = self.opened(item_id).item
        tell(
            request, lambda: items.reopen(item_id=item.pk, by=self.user()), done=f"{item.key} is open again."
        )
        return self.back(item_id)


class FlagForm(forms.Form):
    reason = forms.CharField(required=False, max_length=500)


class FlagItem(ItemPage):
    def post(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        opened, form = self.opened(item_id), FlagForm(request.POST)
        if not form.is_valid():
            return self.page(opened, status=422, flag_form=form)
        reason = form.cleaned_data["reason"]
        tell(
            request,
            lambda: talk.flag(by=self.user(), item_id=item_id, reason=reason),
            done=f"You flagged {opened.item.key}.",
        )
        return self.back(item_id)


class UnflagItem(ItemPage):
    def post(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        self.opened(item_id)
        tell(
            request,
            lambda: talk.withdraw_flag(by=self.user(), item_id=item_id),
            done="Your flag is withdrawn.",
        )
        return self.back(item_id)


class CloseFlag(ItemPage):
    def post(self, request: HttpRequest, project_id: int, item_id: int, flag_id: int) -> HttpResponse:
        self.opened(item_id)
        tell(request, lambda: talk.close_flag(by=self.user(), flag_id=flag_id), done="The flag is closed.")
        return self.back(item_id)


class CommentForm(forms.Form):
    body = forms.CharField(max_length=5000)
    parent = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class CommentOnItem(ItemPage):
    def post(self, request: HttpRequest, project_id: int, item_id: int) -> HttpResponse:
        opened, form = self.opened(item_id), CommentForm(request.POST)
        if not form.is_valid():
            messages.error(request, "A comment needs words, at most 5,000 characters of them.")
            return self.page(opened, status=422, comment_form=form)
        said = form.cleaned_data
        tell(
            request,
            lambda: talk.comment(
                by=self.user(), item_id=item_id, body=said["body"], parent_id=said["parent"]
            ),
            done="Your comment is there.",
        )
        return self.back(item_id)


_ITEM = "projects/<int:project_id>/items/<int:item_id>/"
urlpatterns = [
    path(_ITEM, OneItem.as_view(), name="item"),
    path(f"{_ITEM}retire/", RetireItem.as_view(), name="item-retire"),
    path(f"{_ITEM}reopen/", ReopenItem.as_view(), name="item-reopen"),
    path(f"{_ITEM}flag/", FlagItem.as_view(), name="item-flag"),
    path(f"{_ITEM}unflag/", UnflagItem.as_view(), name="item-unflag"),
    path(f"{_ITEM}flags/<int:flag_id>/close/", CloseFlag.as_view(), name="item-flag-close"),
    path(f"{_ITEM}comment/", CommentOnItem.as_view(), name="item-comment"),
]
