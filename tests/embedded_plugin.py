"""The plugin's earlier name."""

from config.embedded import pytest_plugin  # noqa: F401
