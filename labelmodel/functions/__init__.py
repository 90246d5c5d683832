"""Labeling functions: what they are, and how they are applied to many items at once. No database, no Django.

A function is a kind (KINDS) and a definition (JSON). check() reads it, prepare() makes it ready, build() makes a batch
of items, apply() casts the votes.
"""

from labelmodel.functions.applying import apply, check, prepare
from labelmodel.functions.batch import Batch, build
from labelmodel.functions.canonical import canonical, fingerprint
from labelmodel.functions.kinds import KINDS, register
from labelmodel.functions.testing import Failure, check_tests
from labelmodel.functions.types import (
    ABSTAIN,
    Apply,
    Cast,
    Context,
    Definition,
    DefinitionError,
    Fault,
    Function,
    Kind,
    Resources,
)
from labelmodel.further_kinds import LOADERS

__all__ = [
    "ABSTAIN",
    "KINDS",
    "Apply",
    "Batch",
    "Cast",
    "Context",
    "Definition",
    "DefinitionError",
    "Failure",
    "Fault",
    "Function",
    "Kind",
    "Resources",
    "apply",
    "build",
    "canonical",
    "check",
    "check_tests",
    "fingerprint",
    "prepare",
    "register",
]

for _load in LOADERS:
    _load()
