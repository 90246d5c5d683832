"""The labeling page as an annotator uses it: a real browser, a real server, real faults of the network."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Route, expect

from annotation.models import Annotation, Comment, Flag, Item, Lease, Media, Project, Skip, User
from annotation.services import answers, queue
from tests.factories import make_item, make_member, make_project, make_schema, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PASSWORD = "a-long-password-1"
LABELS = ["positive", "negative", "neutral"]
API = re.compile(r"/api/v1/")
SUBMIT = re.compile(r"/submit/$")
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
Watch = Callable[[Page], Page]
SignIn = Callable[..., BrowserContext]


def start(page: Page, project: Project) -> Page:
    page.goto(f"/projects/{project.pk}/label/")
    ready(page)
    return page


def ready(page: Page) -> None:
    page.wait_for_selector("#desk[data-ready]")


def shown(page: Page) -> str:
    """The key of the item on screen."""
    return page.locator("#item-key").inner_text()


def press_answer(page: Page) -> None:
    """Answer the item on screen (or the next to come) by keyboard, with the label that its number says."""
    page.wait_for_selector("#desk[data-view=turn]")
    number = int(shown(page).removeprefix("item-"))
    page.keyboard.press(str(number % 3 + 1))
    page.keyboard.press("Enter")


def answer_what_is_there(page: Page) -> None:
    for _ in range(20):
        if page.locator("#desk").get_attribute("data-view") != "turn":
            return
        press_answer(page)
    pytest.fail("The items do not come to an end.")


def all_saved(page: Page) -> None:
    expect(page.locator("#saved[data-pending='0']")).to_be_attached()


def kept(project: Project) -> dict[str, str]:
    """Item key to label, of the answers that the database holds now; fails when an item has two."""
    current = Annotation.objects.filter(project=project, superseded_by=None).select_related("item")
    pairs = [(one.item.key, one.answer["sentiment"]) for one in current]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def as_pressed(*numbers: int) -> dict[str, str]:
    return {f"item-{number:05}": LABELS[number % 3] for number in numbers}


@pytest.fixture
def work(transactional_db: None) -> Project:
    return make_project(items=40)


@pytest.fixture
def anna(work: Project) -> User:
    return make_member(work, user=make_user("anna"))


@pytest.fixture
def context(signed_in: SignIn, anna: User) -> BrowserContext:
    return signed_in(anna)


@pytest.fixture
def page(context: BrowserContext, work: Project, problems: Watch) -> Page:
    return start(problems(context.new_page()), work)


def test_thirty_items_by_keyboard_through_a_lost_connection(
    context: BrowserContext, page: Page, work: Project
) -> None:
    for _ in range(12):
        press_answer(page)
    all_saved(page)
    context.set_offline(True)
    for _ in range(4):
        press_answer(page)
    expect(page.locator("#saved")).to_contain_text("Offline: 4 answers kept here")
    answer_what_is_there(page)
    expect(page.get_by_text("No more items without a connection")).to_be_visible()
    context.set_offline(False)
    for _ in range(30 - int(page.locator("#mine").inner_text())):
        press_answer(page)

    all_saved(page)
    expect(page.locator("#mine")).to_have_text("30")
    assert kept(work) == as_pressed(*range(30))


def test_the_first_item_is_in_the_page_that_the_server_sends(context: BrowserContext, work: Project) -> None:
    context.route(re.compile(r"\.js$"), lambda route: route.abort())
    page = context.new_page()
    page.goto(f"/projects/{work.pk}/label/")

    expect(page.get_by_text("Text number 0.")).to_be_visible()
    expect(page.get_by_text("Positive")).to_be_visible()


def test_the_next_item_is_there_before_the_key_handler_returns(page: Page) -> None:
    after = page.evaluate(
        """() => {
            const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
            press("1"); press("Enter");
            return document.getElementById("item-body").textContent;
        }"""
    )

    assert after == "Text number 1."


def test_unsent_answers_outlive_a_reload(context: BrowserContext, page: Page, work: Project) -> None:
    context.route(API, lambda route: route.abort())
    for _ in range(3):
        press_answer(page)
    page.reload()
    ready(page)
    expect(page.locator("#saved")).to_contain_text("3 answers kept here")
    assert shown(page) == "item-00003"
    assert kept(work) == {}
    context.unroute(API)

    all_saved(page)
    assert kept(work) == as_pressed(0, 1, 2)
    assert Lease.objects.filter(state="active").values("client").distinct().count() == 1


def test_an_answer_whose_receipt_was_lost_is_not_doubled(
    context: BrowserContext, page: Page, work: Project
) -> None:
    lost: list[int] = []

    def lose_the_first_two(route: Route) -> None:
        if len(lost) < 2:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    context.route(SUBMIT, lose_the_first_two)
    press_answer(page)
    press_answer(page)

    all_saved(page)
    assert lost == [201, 200]
    assert kept(work) == as_pressed(0, 1)


def test_answers_left_behind_are_sent_from_another_project(
    context: BrowserContext, page: Page, work: Project, anna: User
) -> None:
    other = make_project(items=2)
    make_member(other, user=anna)
    context.route(API, lambda route: route.abort())
    press_answer(page)
    page.goto("about:blank")
    context.unroute(API)
    start(page, other)

    all_saved(page)
    assert kept(work) == as_pressed(0)


def test_an_expired_session_loses_nothing(context: BrowserContext, page: Page, work: Project) -> None:
    session = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "sessionid")
    SessionStore(session).delete()
    for _ in range(3):
        press_answer(page)
    expect(page.get_by_text("3 answers are kept in this browser until anna signs in again")).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That did not match")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_text("Signed in again.")).to_be_visible()
    all_saved(page)
    expect(page.locator("#signed-out")).to_be_hidden()
    press_answer(page)
    all_saved(page)
    assert kept(work) == as_pressed(0, 1, 2, 3)


def test_an_answer_is_never_sent_as_somebody_else(context: BrowserContext, page: Page, work: Project) -> None:
    make_member(work, user=make_user("bert"))
    context.clear_cookies(name="sessionid")
    other = context.new_page()
    other.goto(reverse("login"))
    other.get_by_label("User name").fill("bert")
    other.get_by_label("Password").fill(PASSWORD)
    other.keyboard.press("Enter")
    other.wait_for_url(re.compile(f"^(?!.*{reverse('login')})"))
    press_answer(page)
    expect(page.get_by_text("Somebody else has signed in with this browser")).to_be_visible()
    start(other, work)
    press_answer(other)
    all_saved_but_mine = other.locator("#saved[data-pending='0']")

    expect(all_saved_but_mine).to_be_attached()
    assert not Annotation.objects.exclude(annotator__username="bert").exists()
    assert Annotation.objects.filter(item__key="item-00000").count() == 0


def test_two_tabs_get_different_items_and_both_finish(
    context: BrowserContext, page: Page, problems: Watch, work: Project
) -> None:
    Item.objects.filter(key__gte="item-00016").delete()
    other = start(problems(context.new_page()), work)
    assert shown(page) != shown(other)
    for _ in range(5):
        for tab in (page, other):
            tab.bring_to_front()
            press_answer(tab)
    for tab in (page, other):
        tab.bring_to_front()
        answer_what_is_there(tab)
        all_saved(tab)

    assert kept(work) == as_pressed(*range(16))
    expect(page.get_by_text("You have answered everything here")).to_be_visible(timeout=15_000)


def test_a_duplicated_tab_takes_a_name_of_its_own(
    context: BrowserContext, page: Page, problems: Watch, work: Project
) -> None:
    name = page.evaluate("JSON.parse(document.getElementById('label-config').textContent).client")
    page.evaluate(f"document.cookie = 'label_client={name}; path=/projects/{work.pk}/label/'")
    twin = start(problems(context.new_page()), work)

    assert shown(page) == "item-00000"
    assert shown(twin) not in {f"item-{number:05}" for number in range(6)}
    assert Lease.objects.filter(state="active").values("client").distinct().count() == 2


def test_undo_goes_back_and_a_change_is_a_revision(page: Page, work: Project) -> None:
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.keyboard.press("2")
    page.keyboard.press("Control+z")
    expect(page.locator("#item-key")).to_have_text("item-00000")
    expect(page.get_by_label("Positive")).to_be_checked()
    page.keyboard.press("3")
    page.keyboard.press("Enter")

    expect(page.locator("#item-key")).to_have_text("item-00001")
    expect(page.get_by_label("Negative")).to_be_checked()
    all_saved(page)
    assert kept(work) == {"item-00000": "neutral"}
    assert Annotation.objects.count() == 2


def test_undo_before_the_first_answer_has_arrived(context: BrowserContext, page: Page, work: Project) -> None:
    context.set_offline(True)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    for label in ("2", "3"):
        page.keyboard.press("Control+z")
        expect(page.locator("#desk[data-view=past]")).to_be_attached()
        page.keyboard.press(label)
        page.keyboard.press("Enter")
    context.set_offline(False)

    all_saved(page)
    assert kept(work) == {"item-00000": "neutral"}


def test_arrows_walk_through_answers_of_earlier_days(page: Page, work: Project) -> None:
    for _ in range(22):
        press_answer(page)
    all_saved(page)
    page.reload()
    ready(page)
    for number in reversed(range(22)):
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#item-key")).to_have_text(f"item-{number:05}")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("This is your first answer here.")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#item-key")).to_have_text("item-00001")
    page.keyboard.press("Escape")

    expect(page.locator("#item-key")).to_have_text("item-00022")
    assert Annotation.objects.count() == 22


def test_skip_and_second_thoughts(page: Page, work: Project) -> None:
    page.keyboard.press("Space")
    expect(page.locator("#item-key")).to_have_text("item-00001")
    page.keyboard.press("Control+z")
    expect(page.locator("#item-key")).to_have_text("item-00000")
    page.keyboard.press("Shift+S")
    page.keyboard.type("not a text")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#item-key")).to_have_text("item-00001")

    all_saved(page)
    assert [(skip.item.key, skip.reason) for skip in Skip.objects.all()] == [("item-00000", "not a text")]


def test_by_touch_on_a_phone(signed_in: SignIn, problems: Watch, anna: User, work: Project) -> None:
    page = start(problems(signed_in(anna, **PHONE).new_page()), work)
    for label in ("Positive", "Negative"):
        page.get_by_text(label, exact=True).tap()
        page.get_by_role("button", name="Submit").tap()
    page.get_by_role("button", name="Skip").tap()
    page.get_by_role("button", name="Undo").tap()

    all_saved(page)
    assert kept(work) == {"item-00000": "positive", "item-00001": "negative"}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    too_small = "button:visible, .choice:visible"
    boxes = [
        found.bounding_box() for found in page.locator(".answer-actions, .bar-tools").locator(too_small).all()
    ]
    assert all(box and box["height"] >= 44 for box in boxes)


def test_payloads_keys_and_guidelines_are_text(signed_in: SignIn, problems: Watch) -> None:
    script = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
    project = make_project(guidelines=f"{script} [press](javascript:window.hacked=1) **bold**")
    fields = [
        {"name": "text", "type": "text"},
        {"name": "link", "type": "link"},
        {"name": "more", "type": "text"},
    ]
    make_schema(project, [{"name": "q", "type": "text", "title": script}], fields=fields)
    payload = {"text": f"first {script}", "link": "javascript:window.hacked=1", "more": {"a": script}}
    Item.objects.bulk_create(
        [make_item(project, f"{n}</script>{script}", {**payload, "text": f"{n} {script}"}) for n in "123"]
    )
    page = start(problems(signed_in(make_member(project)).new_page()), project)
    for number in "12":
        expect(page.locator("#item-body")).to_contain_text(f"{number} {script}")
        expect(page.locator("#item-body a")).to_have_count(0)
        page.get_by_role("textbox", name=script).fill(script)
        page.keyboard.press("Control+Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("g")

    expect(page.locator("#guidelines strong")).to_have_text("bold")
    expect(page.locator("#guidelines")).to_contain_text(script)
    expect(page.locator("#guidelines a")).to_have_count(0)
    all_saved(page)
    assert page.evaluate("window.hacked") is None


def picture(project: Project, name: str) -> None:
    data = io.BytesIO()
    Image.new("L", (8, 8), 128).save(data, "PNG")
    file = ContentFile(data.getvalue(), name)
    Media.objects.create(
        project=project, name=name, file=file, content_type="image/png", size=file.size, sha256="0" * 64
    )


def test_pictures_are_there_before_their_turn_and_can_be_enlarged(signed_in: SignIn, problems: Watch) -> None:
    project = make_project()
    make_schema(project, fields=[{"name": "picture", "type": "image"}])
    names = ["a b/1.png", "2.png", "missing.png"]
    for name in names[:2]:
        picture(project, name)
    Item.objects.bulk_create([make_item(project, name, {"picture": name}) for name in names])
    context = signed_in(make_member(project))
    page = start(problems(context.new_page()), project)
    expect(page.locator(".item-image.tiny img")).to_be_visible()
    page.wait_for_load_state("networkidle")
    context.set_offline(True)
    for name in names[:2]:
        image = page.locator("#item-body img")
        assert image.evaluate("(image) => image.complete && image.naturalWidth") == 8
        assert image.get_attribute("alt") == name
        page.keyboard.press("1")
        page.keyboard.press("Enter")
    expect(page.get_by_text("The picture missing.png could not be loaded.")).to_be_visible()
    page.keyboard.press("Control+z")
    page.keyboard.press("z")

    expect(page.locator("#zoom[open] img")).to_be_visible()
    context.set_offline(False)
    all_saved(page)


def take_over(work: Project, anna: User) -> None:
    """Let all of Anna's leases run out and give the items to Bert, who answers the first."""
    bert = make_member(work, user=make_user("bert"))
    Lease.objects.filter(annotator=anna).update(expires_at=timezone.now() - timezone.timedelta(minutes=1))
    queue.return_expired(project_id=work.pk)
    turns = queue.next_leases(annotator=bert, project=work, count=20, client="bert").turns
    answers.submit(annotator=bert, lease_id=turns[0].id, given=answers.Answer({"sentiment": "neutral"}, "n"))


def test_an_answer_that_came_too_late_is_dropped_kindly(page: Page, work: Project, anna: User) -> None:
    take_over(work, anna)
    press_answer(page)

    expect(page.get_by_text("item-00000 went to somebody else while you were away")).to_be_visible()
    all_saved(page)
    assert Annotation.objects.filter(annotator=anna).count() == 0


def test_a_laptop_that_wakes_asks_what_it_still_holds(
    context: BrowserContext, problems: Watch, work: Project, anna: User
) -> None:
    page = problems(context.new_page())
    page.clock.install()
    start(page, work)
    page.keyboard.press("2")
    take_over(work, anna)
    page.clock.fast_forward("40:00")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.get_by_text("item-00000 went to somebody else while you were away")).to_be_visible()
    expect(page.locator("#item-key")).to_have_text("item-00020")


def test_leases_are_renewed_while_somebody_is_there(
    context: BrowserContext, problems: Watch, work: Project, anna: User
) -> None:
    page = problems(context.new_page())
    page.clock.install()
    start(page, work)
    before = Lease.objects.filter(annotator=anna).latest("id").expires_at
    with page.expect_response(re.compile("/renew/$")):
        page.clock.fast_forward("11:00")

    assert Lease.objects.filter(annotator=anna).latest("id").expires_at > before


def test_drafts_are_kept_here_and_on_the_server(page: Page, anna: User) -> None:
    page.keyboard.press("2")
    with page.expect_response(re.compile("/draft/$")) as answer:
        pass
    assert answer.value.status == 204
    assert Lease.objects.get(item__key="item-00000").draft == {"sentiment": "negative"}
    page.evaluate("localStorage.clear()")
    page.reload()
    ready(page)

    expect(page.get_by_label("Negative")).to_be_checked()


def test_an_unanswered_required_question_is_pointed_out(page: Page) -> None:
    page.keyboard.press("Enter")

    expect(page.get_by_text("This question needs an answer.")).to_be_visible()
    assert shown(page) == "item-00000"
    assert Annotation.objects.count() == 0


def test_flag_and_withdraw(page: Page, anna: User) -> None:
    flag = page.get_by_role("button", name="Flag", exact=True).first
    page.keyboard.press("f")
    page.keyboard.type("cut in the middle")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("item-00000 is flagged")).to_be_visible()
    expect(flag).to_have_attribute("aria-pressed", "true")
    assert [(one.author, one.reason) for one in Flag.objects.all()] == [(anna, "cut in the middle")]
    page.keyboard.press("f")
    page.get_by_role("button", name="Withdraw my flag").click()

    expect(page.get_by_text("The flag is withdrawn.")).to_be_visible()
    expect(flag).to_have_attribute("aria-pressed", "false")
    assert not Flag.objects.filter(closed_at=None).exists()


def test_comments_are_text_and_stay_when_sending_fails(context: BrowserContext, page: Page) -> None:
    page.keyboard.press("c")
    expect(page.get_by_text("Nobody has written anything yet.")).to_be_visible()
    context.set_offline(True)
    page.keyboard.type("<b>is this</b> German?")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("There is no connection to the server.")).to_be_visible()
    context.set_offline(False)
    page.keyboard.press("Control+Enter")

    expect(page.locator("#comments-list p")).to_have_text("<b>is this</b> German?")
    assert [comment.body for comment in Comment.objects.all()] == ["<b>is this</b> German?"]


def test_submit_at_once_when_a_label_is_chosen(page: Page, work: Project) -> None:
    page.keyboard.press("?")
    page.get_by_label("Submit at once").check()
    page.keyboard.press("Escape")
    for key in "123":
        page.keyboard.press(key)

    expect(page.locator("#item-key")).to_have_text("item-00003")
    all_saved(page)
    assert kept(work) == as_pressed(0, 1, 2)


def test_an_answer_that_the_server_refuses_is_kept_until_the_person_decides(
    page: Page, work: Project, anna: User
) -> None:
    work.memberships.filter(user=anna).update(role="viewer")
    press_answer(page)
    page.get_by_role("button", name="1 answer not accepted").click()
    expect(page.get_by_role("dialog")).to_contain_text("Your role here is viewer")
    work.memberships.filter(user=anna).update(role="annotator")
    page.get_by_role("button", name="Try again").click()

    all_saved(page)
    expect(page.locator("#saved")).to_contain_text("All saved")
    assert kept(work) == as_pressed(0)


def test_pressing_a_button_by_pointer_does_not_take_the_keys_away(page: Page) -> None:
    page.get_by_role("button", name="Flag", exact=True).first.click()
    page.get_by_role("button", name="Cancel").click()
    page.keyboard.press("3")
    page.keyboard.press("Enter")

    expect(page.locator("#item-key")).to_have_text("item-00001")


def test_keys_can_be_changed_and_conflicts_are_refused(page: Page, anna: User) -> None:
    page.keyboard.press("?")
    change = page.get_by_role("button", name="Change the key of: Skip (now")
    change.click()
    page.keyboard.press("f")
    expect(page.locator("#keys-message")).to_contain_text("F already does: Flag for the managers")
    change.click()
    page.keyboard.press("1")
    expect(page.locator("#keys-message")).to_contain_text("key of the label Positive")
    change.click()
    page.keyboard.press("x")
    expect(page.locator("#keys-message")).to_contain_text("X now does: Skip")
    page.keyboard.press("Escape")
    page.reload()
    ready(page)
    page.keyboard.press("x")

    expect(page.locator("#item-key")).to_have_text("item-00001")
    anna.refresh_from_db()
    assert anna.hotkeys == {"skip": "x"}


def test_questions_that_changed_meanwhile_keep_the_answer_as_a_draft(page: Page, work: Project) -> None:
    question = {"name": "sentiment", "type": "single_choice", "title": "Mood", "required": True}
    make_schema(work, [{**question, "labels": [{"value": "good"}, {"value": "positive"}]}])
    page.keyboard.press("2")
    page.keyboard.press("Enter")

    expect(page.get_by_text("The questions of this project have changed.")).to_be_visible()
    all_saved(page)
    assert Annotation.objects.count() == 0
    page.get_by_role("link", name="Load them").click()
    ready(page)
    expect(page.get_by_text("Mood")).to_be_visible()
    assert shown(page) == "item-00000"


def test_nothing_works_in_private_storage_and_still_answers_are_sent(
    context: BrowserContext, problems: Watch, work: Project
) -> None:
    context.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
    )
    page = start(problems(context.new_page()), work)
    context.route(API, lambda route: route.abort())
    press_answer(page)
    expect(page.locator("#saved")).to_contain_text("1 answer only in this window: keep it open")
    context.unroute(API)

    all_saved(page)
    assert kept(work) == as_pressed(0)


def test_the_last_items_are_with_others_until_they_come_back(signed_in: SignIn, problems: Watch) -> None:
    project = make_project(items=2)
    anna, bert = make_member(project), make_member(project)
    held = queue.next_leases(annotator=bert, project=project, count=1, client="bert")
    page = start(problems(signed_in(anna).new_page()), project)
    press_answer(page)
    expect(page.get_by_text("The last items are with other people")).to_be_visible()
    answers.skip(annotator=bert, lease_id=held.turns[0].id)

    expect(page.locator("#desk[data-view=turn]")).to_be_attached(timeout=15_000)
    press_answer(page)
    expect(page.get_by_text("You have answered everything here")).to_be_visible()
