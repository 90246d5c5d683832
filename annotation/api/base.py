"""What API views share: find the project or say 404, check the role or say 403."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer, ValidationError
from rest_framework.views import APIView

from annotation.models import Project, User
from annotation.roles import Action
from annotation.services.access import project_for

S = TypeVar("S", bound="BaseSerializer[Any]")


class Api(APIView):
    """Base of all API views."""

    def user(self) -> User:
        return cast(User, self.request.user)

    def project(self, project_id: int, action: Action) -> Project:
        """The project, if this person may do this in it; 404 for strangers, 403 for members without the right."""
        return project_for(user=self.user(), project_id=project_id, action=action)


def valid(serializer: type[S], request: Request) -> dict[str, Any]:
    """The request's body as this serializer reads it; raises ValidationError with the path of each fault."""
    form = serializer(data=request.data)
    form.is_valid(raise_exception=True)
    if isinstance(request.data, dict):
        check_names(request.data, getattr(form, "fields", request.data))
    return cast(dict[str, Any], form.validated_data)


def check_names(said: Iterable[str], known: Collection[str]) -> None:
    """Refuse names that nothing listens to. A filter or a limit that is misspelled would mean everything."""
    faults = {name: _unknown(name, known) for name in said if name not in known}
    if faults:
        raise ValidationError(faults)


def _unknown(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"There is no such name here; did you mean {near[0]}?" if near else "There is no such name here."
