"""The desk of an expert: a real browser, a real server, and what follows from a decision."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from annotation.models import Adjudication, Consensus, Item, Project, User
from annotation.services import adjudication
from labelmodel.services.refresh import refresh
from tests.annotation.items_help import say
from tests.factories import make_member, make_project, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

Watch = Callable[[Page], Page]
SignIn = Callable[..., BrowserContext]
API = re.compile(r"/api/v1/")


@pytest.fixture
def project(transactional_db: None) -> Project:
    return make_project(owner=make_user("olga"), items=6, annotations_per_item=2)


@pytest.fixture
def people(project: Project) -> tuple[User, User]:
    return make_member(project, user=make_user("anna")), make_member(project, user=make_user("bert"))


@pytest.fixture
def ada(project: Project) -> User:
    return make_member(project, "adjudicator", user=make_user("ada"))


@pytest.fixture
def disputes(project: Project, people: tuple[User, User]) -> list[Item]:
    anna, bert = people
    found = list(project.items.order_by("pk"))
    for item in found[:4]:
        say(item, anna, sentiment="positive")
        say(item, bert, sentiment="negative")
    refresh(project_id=project.pk)
    return found[:4]


def start(page: Page, project: Project, query: str = "") -> Page:
    page.goto(f"/projects/{project.pk}/adjudicate/{query}")
    page.wait_for_selector("#desk[data-view=turn]")
    return page


def shown(page: Page) -> str:
    return page.locator("#item-key").inner_text()


def all_saved(page: Page) -> None:
    expect(page.locator("#saved[data-pending='0']")).to_be_attached()


def label(page: Page, key: str) -> None:
    page.wait_for_selector("#desk[data-view=turn]")
    page.keyboard.press(key)
    page.keyboard.press("Enter")
    all_saved(page)


def exported(owner: User, project: Project, item: Item) -> dict[str, str]:
    """What the export by item says of this one."""
    client = Client()
    client.force_login(owner)
    answer = client.get(f"/api/v1/projects/{project.pk}/annotations/?format=csv&per=item")
    rows = csv.DictReader(io.StringIO(answer.getvalue().decode()))
    return next(row for row in rows if item.key in row.values())


def test_two_disagree_and_an_expert_decides_by_one_key(
    signed_in: SignIn, problems: Watch, project: Project, people: tuple[User, User], ada: User
) -> None:
    for person, key in zip(people, ("1", "2"), strict=True):
        page = problems(signed_in(person).new_page())
        page.goto(f"/projects/{project.pk}/label/")
        label(page, key)
    refresh(project_id=project.pk)
    item = Item.objects.get(state="disputed")
    assert exported(project.created_by, project, item)["status.sentiment"] == "auto"
    page = start(problems(signed_in(ada).new_page()), project)
    assert shown(page) == item.key
    expect(page.locator(".given")).to_have_count(2)
    expect(page.locator(".given").nth(0)).to_contain_text("Positive")
    expect(page.locator(".given").nth(1)).to_contain_text("Negative")
    expect(page.get_by_text("anna")).to_have_count(0)
    page.keyboard.press("2")

    expect(page.get_by_text("Nothing is disputed")).to_be_visible()
    all_saved(page)
    refresh(project_id=project.pk)
    item.refresh_from_db()
    found = Consensus.objects.get(item=item)
    assert (item.state, found.value, found.status) == ("resolved", "negative", "adjudicated")
    told = exported(project.created_by, project, item)
    assert (told["consensus.sentiment"], told["status.sentiment"]) == ("negative", "adjudicated")
    row = Adjudication.objects.get(item=item)
    assert (row.by, row.answer) == (ada, {"sentiment": "negative"})


def test_long_labels_and_none_of_these_fit_on_a_phone(
    signed_in: SignIn, problems: Watch, project: Project, people: tuple[User, User]
) -> None:
    long, none = {"value": "x" * 200}, {"value": "y"}
    tags = {"name": "tags", "type": "multiple_choice", "min_choices": 0, "labels": [long, none]}
    owner = project.created_by
    project = make_project(owner=owner, items=1, questions=[tags], annotations_per_item=2)
    for person, said in zip(people, ([], ["x" * 200]), strict=True):
        make_member(project, user=person)
        say(project.items.get(), person, tags=said)
    refresh(project_id=project.pk)
    page = problems(signed_in(owner).new_page())
    page.set_viewport_size({"width": 390, "height": 844})
    start(page, project)

    expect(page.locator(".given").nth(0)).to_contain_text("none of these")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"/projects/{project.pk}/items/{project.items.get().pk}/")
    expect(page.get_by_role("main").get_by_text("none of these").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_four_disputes_at_reading_speed_and_the_last_one_undone(
    signed_in: SignIn, problems: Watch, project: Project, ada: User, disputes: list[Item]
) -> None:
    page = start(problems(signed_in(ada).new_page()), project)
    seen = []
    for key in "1212":
        page.wait_for_selector("#desk[data-view=turn]")
        seen.append(shown(page))
        page.keyboard.press(key)
        expect(page.locator("#item-key")).not_to_have_text(seen[-1]) if len(seen) < 4 else None
    expect(page.get_by_text("Nothing is disputed")).to_be_visible()
    page.keyboard.press("z")
    expect(page.locator("#item-key")).to_have_text(seen[-1])
    all_saved(page)
    assert Item.objects.get(key=seen[-1]).state == "disputed"
    page.keyboard.press("1")

    all_saved(page)
    values = dict(Consensus.objects.filter(status="adjudicated").values_list("item__key", "value"))
    assert values == dict(zip(seen, ("positive", "negative", "positive", "positive"), strict=True))
    assert set(Item.objects.filter(key__in=seen).values_list("state", flat=True)) == {"resolved"}


def test_the_next_dispute_is_painted_without_the_network(
    signed_in: SignIn, problems: Watch, project: Project, ada: User, disputes: list[Item]
) -> None:
    context = signed_in(ada)
    page = start(problems(context.new_page()), project)
    context.route(API, lambda route: route.abort())
    first = shown(page)
    page.keyboard.press("1")
    expect(page.locator("#item-key")).not_to_have_text(first)
    page.keyboard.press("1")
    expect(page.locator("#saved")).to_contain_text("2 decisions kept here")
    assert not Adjudication.objects.exists()
    context.unroute(API)
    page.reload()

    all_saved(page)
    assert Adjudication.objects.filter(kind="decided").count() == 2


def test_an_edit_begins_with_the_likeliest_answer(
    signed_in: SignIn, problems: Watch, project: Project, ada: User, disputes: list[Item]
) -> None:
    page = start(problems(signed_in(ada).new_page()), project)
    key = shown(page)
    page.keyboard.press("n")
    page.locator("#note-text").fill("Neither is right.")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("e")
    expect(page.locator("#questions input:checked")).to_have_count(1)
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.locator("#item-key")).not_to_have_text(key)

    all_saved(page)
    row = Adjudication.objects.get(item__key=key)
    assert (row.answer, row.note) == ({"sentiment": "neutral"}, "Neither is right.")


def test_sent_back_with_a_comment_and_revised(
    signed_in: SignIn,
    problems: Watch,
    project: Project,
    ada: User,
    people: tuple[User, User],
    disputes: list[Item],
) -> None:
    page = start(problems(signed_in(ada).new_page()), project)
    key = shown(page)
    page.keyboard.press("b")
    page.get_by_label("What should they look at?").fill("The second sentence.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#item-key")).not_to_have_text(key)
    all_saved(page)
    other = problems(signed_in(people[1]).new_page())
    other.goto(f"/projects/{project.pk}/label/")
    expect(other.locator("#item-key")).to_have_text(key)
    expect(other.locator("#why")).to_contain_text("The second sentence.")
    expect(other.get_by_label("Negative")).to_be_checked()
    label(other, "1")

    assert Item.objects.get(key=key).state == "resolved"


def test_disputes_that_are_alike_are_decided_at_once(
    signed_in: SignIn, problems: Watch, project: Project, ada: User, disputes: list[Item]
) -> None:
    page = start(problems(signed_in(ada).new_page()), project)
    expect(page.get_by_text("3 others alike")).to_be_visible()
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("#alike-list input")).to_have_count(3)
    dialog.locator("#alike-list input").first.uncheck()
    dialog.get_by_label("B Negative").check()
    dialog.get_by_role("button", name="Decide 3 items").click()
    expect(page.get_by_text("3 items decided.")).to_be_visible()

    expect(page.locator("#left")).to_have_text("1")
    assert Consensus.objects.filter(status="adjudicated", value="negative").count() == 3


def test_two_experts_get_different_disputes_and_the_late_one_is_told(
    signed_in: SignIn, problems: Watch, project: Project, ada: User, disputes: list[Item]
) -> None:
    page = start(problems(signed_in(ada).new_page()), project)
    key = shown(page)
    other = problems(signed_in(project.created_by).new_page())
    other.goto(f"/projects/{project.pk}/adjudicate/")
    expect(other.get_by_text("ada has 4 disputes on their desk")).to_be_visible()
    item = Item.objects.get(key=key)
    adjudication.decide(
        item_id=item.pk,
        by=project.created_by,
        answer={"sentiment": "neutral"},
        step=adjudication.Step("elsewhere"),
    )
    page.keyboard.press("1")

    expect(page.get_by_text(f"{key}: olga has decided")).to_be_visible()
    assert Consensus.objects.get(item=item).value == "neutral"


def test_guidelines_are_amended_from_the_desk_and_members_see_what_changed(
    signed_in: SignIn,
    problems: Watch,
    project: Project,
    ada: User,
    people: tuple[User, User],
    disputes: list[Item],
) -> None:
    page = start(problems(signed_in(ada).new_page()), project)
    page.keyboard.press("g")
    page.get_by_role("button", name="Amend").click()
    page.locator("#amend-text").fill("Irony is *negative*.")
    page.get_by_text("Preview").click()
    expect(page.locator("#amend-preview em")).to_have_text("negative")
    page.get_by_label("What changed, and why").fill("Irony came up.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#guidelines-text em")).to_have_text("negative")
    member = problems(signed_in(people[0]).new_page())
    member.goto(f"/projects/{project.pk}/label/")
    notice = member.locator("#guidelines-changed")
    expect(notice).to_contain_text("ada changed the guidelines")
    expect(notice).to_contain_text("Irony came up.")
    member.get_by_role("button", name="What changed").click()
    expect(member.get_by_role("dialog").locator("ins")).to_have_text("Irony is *negative*.")
    member.keyboard.press("Escape")
    with member.expect_response(lambda response: response.request.method == "POST"):
        member.get_by_role("button", name="Got it").click()
    expect(notice).to_be_hidden()
    member.reload()

    member.wait_for_selector("#desk[data-ready]")
    expect(notice).to_have_count(0)
