"""What this layer tells webhooks; migrations/0003_webhooks.py writes the events."""

EVENTS = {"label_model.finished": "A label model was fitted to all votes on a question, or failed."}
