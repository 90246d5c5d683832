"""Replays of active learning on labeled data: what a strategy would have asked, and what that would have been worth.

Arrays only. `replay` runs one strategy once, `compare` several with several seeds, `summarise` says what came of it.
"""

from active.replay.annotators import Annotator, confused, noisy, perfect
from active.replay.comparing import Options, Run, compare
from active.replay.curves import Curve
from active.replay.examples import Examples, held_out
from active.replay.replaying import full_accuracy, replay
from active.replay.strategies import Strategy, named
from active.replay.summaries import summarise

__all__ = [
    "Annotator",
    "Curve",
    "Examples",
    "Options",
    "Run",
    "Strategy",
    "compare",
    "confused",
    "full_accuracy",
    "held_out",
    "named",
    "noisy",
    "perfect",
    "replay",
    "summarise",
]
