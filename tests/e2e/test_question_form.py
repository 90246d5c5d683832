"""The labeling form in a real browser: templates, styles and widgets together, without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, Route

from annotation.questions import normalize_questions

STATIC = Path(__file__).resolve().parents[2] / "static"
ORIGIN = "http://form.test"
TYPES = {".js": "text/javascript", ".css": "text/css"}

pytestmark = pytest.mark.e2e


class Desk:
    """A page that shows one form and hands keys to it, as the labeling page does."""

    def __init__(self, page: Page, questions: list[dict[str, Any]]) -> None:
        self.page = page
        self.errors: list[str] = []
        self.questions = normalize_questions(questions)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.route(f"{ORIGIN}/**", self._serve)
        page.goto(f"{ORIGIN}/")
        page.wait_for_function("window.form")

    def _serve(self, route: Route) -> None:
        name = route.request.url.removeprefix(f"{ORIGIN}/")
        if name:
            file = STATIC / name
            route.fulfill(body=file.read_text(), content_type=TYPES[file.suffix])
        else:
            route.fulfill(body=self._html(), content_type="text/html; charset=utf-8")

    def _html(self) -> str:
        sheets = "".join(
            f'<link rel="stylesheet" href="/css/{name}.css">'
            for name in ("tokens", "base", "components", "question")
        )
        form = render_to_string("annotation/questions/form.html", {"questions": self.questions})
        return f"""<!doctype html><html lang="en"><head><title>Form</title>{sheets}</head><body><main>{form}</main>
            <script type="module">
              import {{ AnswerForm }} from "/js/questions/form.js";
              window.changes = [];
              const root = document.querySelector("[data-answer-form]");
              window.form = new AnswerForm(root, {json.dumps(self.questions)}, {{ onChange: (value) => changes.push(value) }});
              window.used = [];
              document.addEventListener("keydown", (event) => used.push(form.handleKey(event)));
            </script></body></html>"""

    def value(self) -> Any:
        return self.page.evaluate("form.value()")

    def faults(self) -> dict[str, str]:
        return {fault["question"]: fault["message"] for fault in self.page.evaluate("form.faults()")}

    def set(self, answer: Any) -> None:
        self.page.evaluate("(answer) => form.set(answer)", answer)

    def press(self, *keys: str) -> list[bool]:
        """Press keys; returns whether the form used each."""
        self.page.evaluate("used.length = 0")
        for key in keys:
            self.page.keyboard.press(key)
        return list(self.page.evaluate("used"))


@pytest.fixture
def desk(browser: Browser) -> Iterator[Any]:
    opened: list[tuple[Page, Desk]] = []

    def open_desk(*questions: dict[str, Any]) -> Desk:
        page = browser.new_page()
        opened.append((page, Desk(page, list(questions))))
        return opened[-1][1]

    yield open_desk
    for page, one in opened:
        assert one.errors == []
        page.close()


def choice(name: str, *labels: str, **options: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": "single_choice",
        "labels": [{"value": label} for label in labels],
        **options,
    }


KIND = choice("kind", "animal", "plant")
LEGS = {
    "name": "legs",
    "type": "number",
    "min": 0,
    "max": 100,
    "show_when": {"question": "kind", "any_of": ["animal"]},
}
NOTE = {"name": "note", "type": "text", "required": False}
STARS = {"name": "stars", "type": "rating", "required": False}
LOOKS = {"name": "looks", "type": "multiple_choice", "max_choices": 2, "required": False,
         "labels": [{"value": "big"}, {"value": "red"}, {"value": "old"}]}  # fmt: skip


def test_keys_choose_and_a_required_choice_stays(desk: Any) -> None:
    form = desk(KIND)

    assert form.press("2") == [True]
    assert form.value() == {"kind": "plant"}
    assert form.press("2", "9") == [True, False]
    assert form.value() == {"kind": "plant"}
    assert form.page.evaluate("changes.at(-1)") == {"kind": "plant"}


def test_an_optional_choice_is_cleared_by_choosing_it_again(desk: Any) -> None:
    form = desk({**KIND, "required": False})

    form.press("1")
    assert form.value() == {"kind": "animal"}
    form.press("1")
    assert form.value() == {}
    plant = form.page.get_by_text("plant")
    plant.click()
    assert form.value() == {"kind": "plant"}
    plant.click()
    assert form.value() == {}


def test_several_labels_toggle_within_the_limit(desk: Any) -> None:
    form = desk(LOOKS)

    form.press("3", "1")
    assert form.value() == {"looks": ["big", "old"]}
    assert form.faults() == {}
    form.press("2")
    assert form.faults() == {"looks": "Choose at most 2; 3 are chosen."}
    assert form.page.get_by_text("Choose at most 2").is_visible()
    form.press("2", "1", "3")
    assert form.value() == {}


def test_a_held_key_toggles_once(desk: Any) -> None:
    form = desk(LOOKS)

    form.page.keyboard.down("1")
    form.page.keyboard.down("1")
    form.page.keyboard.down("1")
    form.page.keyboard.up("1")

    assert form.value() == {"looks": ["big"]}


def test_conditional_questions_come_and_go_and_hidden_ones_say_nothing(desk: Any) -> None:
    form = desk(KIND, LEGS)
    legs = form.page.locator("[data-question=legs]")

    assert not legs.is_visible()
    form.press("1")
    assert legs.is_visible()
    legs.locator("input").fill("4")
    assert form.value() == {"kind": "animal", "legs": 4}
    form.page.locator("body").click(position={"x": 5, "y": 300})
    form.press("2")
    assert form.value() == {"kind": "plant"}
    assert form.faults() == {}


def test_typing_is_not_pressing_keys(desk: Any) -> None:
    form = desk(KIND, NOTE)

    form.page.locator("textarea").focus()
    assert form.press("1", "2") == [False, False]
    assert form.value() == {"note": "12"}
    form.press("Escape", "1")
    assert form.value() == {"kind": "animal", "note": "12"}


def test_modified_keys_are_the_browsers(desk: Any) -> None:
    form = desk(KIND)

    assert not any(form.press("Control+1", "Alt+1"))
    assert form.value() == {}


def test_the_focused_control_keeps_space_and_arrows(desk: Any) -> None:
    form = desk(KIND)

    form.page.keyboard.press("Tab")
    assert form.press("Space", "ArrowRight") == [True, True]
    assert form.value() == {"kind": "plant"}


@pytest.mark.parametrize(
    ("typed", "value", "fault"),
    [
        ("3,5", 3.5, False),
        (" -0 ", 0, False),
        ("1e1", 10, False),
        ("101", 101, True),
        ("four", None, True),
        ("", None, True),
    ],
)
def test_numbers(desk: Any, typed: str, value: float | None, fault: bool) -> None:
    form = desk({**LEGS, "show_when": None})

    form.page.locator("input").fill(typed)

    assert form.value().get("legs") == value
    assert ("legs" in form.faults()) is fault


def test_a_rating_is_a_number(desk: Any) -> None:
    form = desk(STARS)

    form.press("4")

    assert form.value() == {"stars": 4}


def test_what_is_set_comes_back_and_reset_clears_it(desk: Any) -> None:
    form = desk(KIND, LEGS, LOOKS, NOTE, STARS)
    answer = {"kind": "animal", "legs": 4, "looks": ["big", "old"], "note": "so\nwhat", "stars": 2}

    form.set(answer)
    assert form.value() == answer
    assert form.page.evaluate("changes") == []
    form.page.evaluate("form.reset()")
    assert form.value() == {}


def test_an_older_answer_is_shown_as_far_as_it_goes(desk: Any) -> None:
    form = desk(KIND, LOOKS)

    form.set({"kind": "stone", "looks": ["big", "gone"], "other": 1})

    assert form.value() == {"looks": ["big"]}


def test_missing_answers_are_told_beside_their_questions(desk: Any) -> None:
    form = desk(KIND, {**NOTE, "required": True})

    assert form.faults() == {
        "kind": "This question needs an answer.",
        "note": "This question needs an answer.",
    }
    assert form.page.evaluate("form.report()") is False
    assert form.page.locator("[data-faulty]").count() == 2
    assert form.page.evaluate("document.activeElement.value") == "animal"
    form.press("1")
    assert form.page.locator("[data-faulty]").count() == 1


def test_many_labels_can_be_searched(desk: Any) -> None:
    form = desk(choice("country", *(f"Land {n}" for n in range(60)), "Österreich"))
    field = form.page.get_by_role("searchbox")

    field.fill("oster")
    assert form.page.locator(".choice:visible").count() == 1
    field.press("Enter")
    assert form.value() == {"country": "Österreich"}
    assert form.page.locator(".choice:visible").count() == 61


def test_ten_thousand_labels_are_ready_in_a_moment(desk: Any) -> None:
    form = desk(choice("word", *(f"word {n}" for n in range(10_000))))

    form.page.get_by_role("searchbox").fill("word 9999")
    form.page.get_by_role("searchbox").press("Enter")

    assert form.value() == {"word": "word 9999"}


def test_controls_have_names_for_screen_readers(desk: Any) -> None:
    form = desk(KIND, NOTE, {**STARS, "title": "Quality"})

    assert form.page.get_by_role("group", name="Kind").get_by_role("radio", name="animal").count() == 1
    assert form.page.get_by_role("textbox", name="Note (optional)").count() == 1
    assert form.page.get_by_role("group", name="Quality").get_by_role("radio").count() == 5
