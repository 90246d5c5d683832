"""Questions to start from in the builder."""

from __future__ import annotations

from typing import Any


def _labels(*labels: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [{"value": value, "title": title, "color": color} for value, title, color in labels]


STARTERS: list[dict[str, Any]] = [
    {
        "name": "Sentiment",
        "about": "Positive, negative or neutral, with one key.",
        "icon": "scale",
        "questions": [
            {
                "name": "sentiment",
                "type": "single_choice",
                "title": "What is the sentiment?",
                "labels": _labels(
                    ("positive", "Positive", "green"),
                    ("negative", "Negative", "red"),
                    ("neutral", "Neutral", "gray"),
                ),
            }
        ],
    },
    {
        "name": "Topics",
        "about": "Every topic that a text is about, and a note when none fits.",
        "icon": "list",
        "questions": [
            {
                "name": "topics",
                "type": "multiple_choice",
                "title": "What is it about?",
                "help": "Choose every topic that plays a part.",
                "labels": _labels(
                    ("product", "Product", "blue"),
                    ("price", "Price", "orange"),
                    ("delivery", "Delivery", "green"),
                    ("service", "Service", "purple"),
                    ("other", "Something else", "gray"),
                ),
            },
            {
                "name": "other_topic",
                "type": "text",
                "title": "Which other topic?",
                "multiline": False,
                "show_when": {"question": "topics", "any_of": ["other"]},
            },
        ],
    },
    {
        "name": "Image classes",
        "about": "One class for each picture, and whether it can be used.",
        "icon": "image",
        "questions": [
            {
                "name": "usable",
                "type": "single_choice",
                "title": "Can the picture be used?",
                "labels": _labels(("yes", "Yes", "green"), ("no", "No", "red")),
            },
            {
                "name": "class",
                "type": "single_choice",
                "title": "What does it show?",
                "show_when": {"question": "usable", "any_of": ["yes"]},
                "labels": _labels(
                    ("cat", "Cat", "blue"), ("dog", "Dog", "orange"), ("neither", "Neither", "gray")
                ),
            },
        ],
    },
    {
        "name": "Rating",
        "about": "How good something is, from 1 to 5, and why.",
        "icon": "star",
        "questions": [
            {
                "name": "quality",
                "type": "rating",
                "title": "How good is the answer?",
                "max": 5,
                "min_text": "useless",
                "max_text": "perfect",
            },
            {"name": "reason", "type": "text", "title": "Why?", "required": False, "max_length": 1000},
        ],
    },
]
