"""What this layer tells webhooks; migrations/0002_webhooks.py writes the events."""

EVENTS = {
    "round.finished": "A round of active learning is done, failed, or was cancelled.",
    "model.promoted": "Another version of a model is in use.",
}
