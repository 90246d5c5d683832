"""Static files: hashed names, compressed once, cached for ever; also the modules that our modules import."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage

_STATEMENTS = CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Imports are rewritten in our own modules only: libraries name, in comments, files that do not exist."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", _STATEMENTS))
