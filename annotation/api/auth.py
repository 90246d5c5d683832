"""Who is asking: a personal token, or the browser's session."""

from __future__ import annotations

from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework.authentication import SessionAuthentication as DrfSessionAuthentication
from rest_framework.request import Request


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]
    """`Authorization: Token qt_...`"""


class SessionAuthentication(DrfSessionAuthentication):
    """The browser's session, with CSRF check. Answers 401, so that a page can tell 'sign in again' from 'not yours'."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"
