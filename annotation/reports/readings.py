"""How answers read under one schema: annotation/readings.py, which filters use too."""

from annotation.readings import Readings, Spoken, readings_under

__all__ = ["Readings", "Spoken", "readings_under"]
