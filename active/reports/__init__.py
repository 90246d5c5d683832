"""Reads for display: rounds and what they chose, the queue, models, the learning curve. No numerical libraries: workers have counted."""
