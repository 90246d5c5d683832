"""Names of questions: keys of answers and columns of exports."""

from __future__ import annotations

import re

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
NAME_RULE = "A name has letters, digits and underscores, does not begin with a digit, and is at most 64 long."
