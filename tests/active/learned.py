"""Rows of a project that learns, made directly: rounds, models, selections and points of the curve as workers leave them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from active.models import CurvePoint, Encoder, LearningSettings, ModelVersion, Round, Selection, Simulation
from annotation.models import Item, Project

SCORES: dict[str, Any] = {
    "n": 200,
    "accuracy": {"value": 0.81, "low": 0.75, "high": 0.86},
    "log_loss": 0.52,
    "macro_f1": {"value": 0.78, "low": 0.7, "high": 0.84},
    "brier": 0.28,
    "calibration_error": 0.04,
    "labels": [
        {"label": "positive", "precision": 0.84, "recall": 0.9, "f1": 0.87, "support": 90},
        {"label": "negative", "precision": 0.8, "recall": 0.75, "f1": 0.77, "support": 80},
        {"label": "neutral", "precision": 0.7, "recall": 0.66, "f1": 0.68, "support": 30},
    ],
    "confusion": [
        ["positive", "positive", 81],
        ["positive", "negative", 9],
        ["negative", "negative", 60],
        ["negative", "neutral", 20],
        ["neutral", "neutral", 20],
        ["neutral", "positive", 10],
    ],
    "reliability": [
        {"confidence": 0.45, "accuracy": 0.5, "n": 40},
        {"confidence": 0.75, "accuracy": 0.7, "n": 60},
        {"confidence": 0.95, "accuracy": 0.93, "n": 100},
    ],
}
FIGURES: dict[str, Any] = {
    "scores": {
        "edges": [0.0, 0.25, 0.5, 0.75, 1.0],
        "counts": [400, 300, 200, 100],
        "what": "How unsure the model is about the items of the pool.",
    },
    "predicted": {"positive": 0.5, "negative": 0.3, "neutral": 0.2},
    "bar": 0.4,
    "advice": {
        "last": 300,
        "gain": 0.001,
        "low": -0.003,
        "high": 0.005,
        "sentence": "The last 300 labels moved the accuracy by 0.1 ± 0.4 points.",
    },
    "needed": {
        "target": 0.9,
        "labels": 1400,
        "low": 1100,
        "high": 2100,
        "sentence": "About 1,400 labels (1,100 to 2,100) reach 90 %.",
    },
    "rivals": {
        "strategies": ["adaptive", "margin"],
        "difference": 0.02,
        "low": -0.01,
        "high": 0.05,
        "labels": [150, 150],
        "sentence": "Adaptive is 2 points ahead of Margin for 1,000 labels (-1 to 5).",
    },
}


def turn_on(project: Project, **values: Any) -> LearningSettings:
    return LearningSettings.objects.create(project=project, **{"automatic": True, **values})


def make_encoder(project: Project) -> Encoder:
    found = Encoder.objects.filter(project=project).first()
    return found or Encoder.objects.create(
        project=project, version=1, kind="text", options={"fields": ["text"]}, dimension=256, state="ready", sha256="e" * 64
    )  # fmt: skip


def make_model(project: Project, **values: Any) -> ModelVersion:
    defaults: dict[str, Any] = {
        "version": ModelVersion.objects.filter(project=project).count() + 1,
        "question": "sentiment",
        "schema": project.schema,
        "encoder": make_encoder(project),
        "learner": "logistic",
        "calibration": "temperature",
        "parameters": {
            "labels": ["positive", "negative", "neutral"],
            "kind": "single",
            "options": {"c": 10.0},
        },
        "data_sha256": "d" * 64,
        "items": 60,
        "metrics": {"cross_validated": SCORES, "holdout": None, "random": None},
        "file": "models/1.bin",
        "sha256": "f" * 64,
        "size": 4096,
        "reason": "It is the first one.",
    }
    return ModelVersion.objects.create(project=project, **{**defaults, **values})


def make_round(project: Project, **values: Any) -> Round:
    """A round that is done, unless the state says otherwise."""
    now = timezone.now()
    done = values.get("state", "done") == "done"
    defaults: dict[str, Any] = {
        "number": Round.objects.filter(project=project).count() + 1,
        "question": "sentiment",
        "schema": project.schema,
        "state": "done",
        "trigger": "labels",
        "strategy": "adaptive",
        "batch": 100,
        "labels": 60,
        "pool": 1000,
        "created_at": now,
        "started_at": now - timedelta(seconds=4),
        "moved_at": now,
        "finished_at": now if done else None,
        "timings": {"embedding": 0.4, "training": 1.2, "scoring": 2.0, "choosing": 0.4} if done else {},
        "figures": FIGURES if done else {},
        "notes": ["Two labels have fewer than five examples."] if done else [],
        "chosen": 90 if done else 0,
        "explored": 5 if done else 0,
        "again": 5 if done else 0,
    }
    return Round.objects.create(project=project, **{**defaults, **values})


def make_selections(
    round: Round, items: list[Item], *, published: bool = True, **values: Any
) -> list[Selection]:
    """These items in this order at the head of the queue, as publishing leaves them."""
    made = []
    for rank, item in enumerate(items, 1):
        priority = 2.0 - rank / (len(items) + 1)
        defaults: dict[str, Any] = {
            "kind": "new",
            "strategy": round.strategy,
            "score": 1 / rank,
            "value": 0.2 / rank,
            "reason": "the model hesitates between Positive (51%) and Negative (47%)",
            "nearest": [{"item": item.pk, "key": item.key, "label": "positive", "similarity": 0.83}],
        }
        made.append(
            Selection(round=round, item=item, rank=rank, priority=priority, published=published, **{**defaults, **values})
        )  # fmt: skip
        if published:
            Item.objects.filter(pk=item.pk).update(
                priority=priority, reason="Chosen because its answer teaches much"
            )
    return Selection.objects.bulk_create(made)


def make_point(round: Round, accuracy: float, **values: Any) -> CurvePoint:
    defaults: dict[str, Any] = {
        "project": round.project,
        "question": round.question,
        "labels": round.labels,
        "judged_on": "random",
        "judged": 80,
        "accuracy": accuracy,
        "low": accuracy - 0.05,
        "high": accuracy + 0.05,
        "log_loss": 0.6,
        "random": {"accuracy": accuracy - 0.08, "low": accuracy - 0.14, "high": accuracy - 0.02, "from": 40},
    }
    return CurvePoint.objects.create(round=round, **{**defaults, **values})


RESULT: dict[str, Any] = {
    "full_accuracy": 0.9,
    "train": 800,
    "test": 200,
    "seconds": 12.5,
    "strategies": [
        {
            "name": name,
            "title": title,
            "labels": [20, 70, 120, 170],
            "mean": [0.5, 0.7 + more, 0.78 + more, 0.82 + more],
            "low": [0.45, 0.66 + more, 0.75 + more, 0.8 + more],
            "high": [0.55, 0.74 + more, 0.81 + more, 0.84 + more],
            "area": {"mean": 0.74 + more, "se": 0.01},
            "to95": {"mean": 150.0, "se": 10.0} if more else None,
            "saving": {"value": 0.4, "low": 0.2, "high": 0.55} if more else None,
        }
        for name, title, more in (("adaptive", "Adaptive", 0.05), ("random", "Random", 0.0))
    ],
}


def make_simulation(project: Project, **values: Any) -> Simulation:
    defaults: dict[str, Any] = {
        "question": "sentiment",
        "options": {"strategies": ["adaptive", "random"], "seeds": 5, "start": 20, "batch": 50, "budget": 170, "annotator": 1.0},
        "state": "done",
        "progress": 1.0,
        "result": RESULT,
        "finished_at": timezone.now(),
    }  # fmt: skip
    return Simulation.objects.create(project=project, **{**defaults, **values})
