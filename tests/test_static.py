"""Every file that a template or a script names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
NAMED = re.compile(r"""{% static ['"]([^'"{]+)['"]""")
IMPORTED = re.compile(r"""(?:from|import)\s*\(?["'](\.[^"']+)["']""")


@pytest.mark.parametrize("template", sorted(ROOT.glob("templates/**/*.html")), ids=lambda path: path.name)
def test_what_templates_name(template: Path) -> None:
    missing = [name for name in NAMED.findall(template.read_text()) if not (STATIC / name).exists()]

    assert not missing


@pytest.mark.parametrize("script", sorted(STATIC.glob("js/**/*.js")), ids=lambda path: path.name)
def test_what_scripts_import(script: Path) -> None:
    missing = [name for name in IMPORTED.findall(script.read_text()) if not (script.parent / name).exists()]

    assert not missing
