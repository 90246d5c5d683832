"""The labeling config that goes with Label Studio's JSON: the same questions, to be asked there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from annotation.formats.base import Format, Manifest, Mark, Piece
from annotation.formats.layout import Layout
from annotation.formats.master import Master

Question = Mapping[str, Any]
# What XML 1.0 cannot say, not even escaped.
UNSAYABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
OBJECTS = {"image": "Image", "link": "HyperText"}
DEFAULT_FIELD = {"name": "text", "type": "text"}


def target(layout: Layout) -> str:
    """The tag that answers are about."""
    return next(iter(_objects(layout)))


def is_stars(question: Question) -> bool:
    """Whether Label Studio can show a rating as one: its scales begin at 1."""
    return bool(question["min"] == 1)


def _objects(layout: Layout) -> dict[str, Mapping[str, Any]]:
    """The fields by the names of their tags, which must differ from those of the questions; the first one is asked about."""
    taken = {question["name"] for question in layout.questions}
    named: dict[str, Mapping[str, Any]] = {}
    for field in layout.shown or (DEFAULT_FIELD,):
        plain = name = re.sub(r"\W+", "_", field["name"])
        number = 1
        while name in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name)
        named[name] = field
    return named


def _write(master: Master, manifest: Manifest, marks: Sequence[Mark]) -> Iterator[Piece]:
    view = ElementTree.Element("View")
    for name, field in _objects(master.layout).items():
        tag = OBJECTS.get(field["type"], "Text")
        ElementTree.SubElement(view, tag, name=name, value=f"${field['name']}")
    earlier: dict[str, Question] = {}
    for question in master.layout.questions:
        _asked(view, question, target(master.layout), earlier)
        earlier[question["name"]] = question
    ElementTree.indent(view)
    yield ElementTree.tostring(view, encoding="utf-8", xml_declaration=False) + b"\n"


def _asked(
    view: ElementTree.Element, question: Question, target: str, earlier: Mapping[str, Question]
) -> None:
    parent = ElementTree.SubElement(view, "View", _condition(question, earlier))
    ElementTree.SubElement(parent, "Header", value=_text(question.get("title") or question["name"]))
    common = {
        "name": question["name"],
        "toName": target,
        "required": str(bool(question.get("required"))).lower(),
    }
    match question["type"]:
        case "single_choice" | "multiple_choice" as kind:
            how = {"choice": "single" if kind == "single_choice" else "multiple"}
            choices = ElementTree.SubElement(parent, "Choices", {**common, **how})
            for label in question["labels"]:
                ElementTree.SubElement(choices, "Choice", _choice(label))
        case "rating" if is_stars(question):
            ElementTree.SubElement(parent, "Rating", {**common, "maxRating": str(question["max"])})
        case "rating" | "number":
            limits = {
                key: str(question[key]) for key in ("min", "max", "step") if question.get(key) is not None
            }
            ElementTree.SubElement(parent, "Number", {**common, **limits})
        case "text":
            rows = "4" if question["multiline"] else "1"
            ElementTree.SubElement(parent, "TextArea", {**common, "rows": rows, "maxSubmissions": "1"})


def _choice(label: Mapping[str, Any]) -> dict[str, str]:
    told = {"value": _text(label["value"])}
    if hint := label["help"] or (label["title"] if label["title"] != label["value"] else ""):
        told["hint"] = _text(hint)
    if label.get("hotkey"):
        told["hotkey"] = label["hotkey"]
    return told


def _condition(question: Question, earlier: Mapping[str, Question]) -> dict[str, str]:
    """When a question is asked, as far as Label Studio can say it: by choices without a comma in them."""
    when = question.get("show_when") or {}
    parent = earlier.get(when.get("question", ""))
    values = [str(value) for value in when.get("any_of", [])]
    if parent is None or not parent["type"].endswith("_choice") or any("," in value for value in values):
        return {}
    told = {"visibleWhen": "choice-selected", "whenTagName": parent["name"]}
    return {**told, "whenChoiceValue": _text(",".join(values))} if values else told


def _text(text: str) -> str:
    return UNSAYABLE.sub("", text)


def _lacking(layout: Layout) -> list[str]:
    said = ["It is the form alone, without rows."]
    if not layout.shown:
        said.append(
            "The schema names no fields, and so the config shows “text”: change it to what your items have."
        )
    return said


LABEL_STUDIO_CONFIG = Format(
    name="label_studio_xml",
    title="Label Studio labeling config",
    about="XML to paste into a project of Label Studio before its JSON is imported there.",
    ending="xml",
    content_type="application/xml",
    lacking=_lacking,
    write=_write,
)
