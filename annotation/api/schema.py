"""OpenAPI details that hold for every route: each may answer with a problem document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class QuerentSchema(AutoSchema):
    def get_tags(self) -> list[str]:
        """Group by the noun after /api/v1/."""
        parts: Any = [part for part in self.path.split("/") if part and not part.startswith("{")]
        return [parts[2]] if len(parts) > 2 else ["api"]


def short_names(result: Any, **others: Any) -> Any:
    """Bodies are called as their serializers are: not ImportRequestRequest, which generated clients would show to people."""
    schemas = result["components"]["schemas"]
    longer = [name for name in schemas if name.endswith("RequestRequest")]
    renamed = {
        name: name.removesuffix("Request") for name in longer if name.removesuffix("Request") not in schemas
    }
    result["components"]["schemas"] = {renamed.get(name, name): schema for name, schema in schemas.items()}
    return _pointed(result, {f"#/components/schemas/{name}": new for name, new in renamed.items()})


def _pointed(node: Any, renamed: dict[str, str]) -> Any:
    """The same document with references to what has another name now."""
    if isinstance(node, dict):
        return {
            key: f"#/components/schemas/{renamed[value]}"
            if key == "$ref" and value in renamed
            else _pointed(value, renamed)
            for key, value in node.items()
        }
    return [_pointed(one, renamed) for one in node] if isinstance(node, list) else node


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "annotation.api.auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token qt_...`: POST auth/token/ gives one, and so does your account page.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "annotation.api.auth.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class LinkScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "annotation.api.snapshot_downloads.LinkAuthentication"
    name = "link"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "query",
            "name": "link",
            "description": "The secret of a signed link: POST snapshots/{id}/links/ gives one.",
        }
