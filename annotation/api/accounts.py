"""REST: signing in, one's own preferences and tokens, and the administrators' list of people."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.urls import path, re_path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.fields import Text
from annotation.api.paging import PAGE_PARAMETERS, PageRequest, paged, query
from annotation.api.problems import problem
from annotation.models import User
from annotation.services import accounts


class SignInRequest(serializers.Serializer[Any]):
    username = Text(max_length=150)
    password = Text(max_length=1000, trim_whitespace=False)


class SignInView(serializers.Serializer[Any]):
    token = serializers.CharField(
        help_text="Send it as `Authorization: Token <token>`. It is shown only here."
    )
    expires_at = serializers.DateTimeField(source="expiry")


class TokenRequest(serializers.Serializer[Any]):
    name = Text(max_length=80, help_text="What it is for.")
    days = serializers.IntegerField(min_value=1, max_value=accounts.LONGEST_TOKEN_DAYS, required=False)


class TokenView(serializers.Serializer[Any]):
    id = serializers.CharField(source="token_key", help_text="The first characters of the token.")
    name = serializers.CharField()
    created_at = serializers.DateTimeField(source="created")
    expires_at = serializers.DateTimeField(source="expiry")


class NewTokenView(TokenView):
    token = serializers.CharField(help_text="The secret; it is shown only here.")


class TokenListView(serializers.Serializer[Any]):
    results = TokenView(many=True)
    next = serializers.CharField(allow_null=True)


class MeRequest(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254, allow_blank=True, required=False)
    first_name = Text(max_length=150, allow_blank=True, required=False)
    last_name = Text(max_length=150, allow_blank=True, required=False)
    time_zone = Text(max_length=64, required=False, help_text="A name such as Europe/Vienna.")
    theme = serializers.ChoiceField(["system", "light", "dark"], required=False)
    hotkeys = serializers.DictField(
        child=Text(max_length=30, trim_whitespace=False), required=False, help_text="{action: key}"
    )
    expertise = serializers.ListField(child=Text(max_length=60), max_length=50, required=False)


class ChangeUserRequest(MeRequest):
    password = Text(max_length=1000, trim_whitespace=False, required=False)
    is_active = serializers.BooleanField(required=False)
    is_staff = serializers.BooleanField(
        required=False, help_text="Manages accounts; only a superuser grants it."
    )
    can_create_projects = serializers.BooleanField(required=False)


class NewUserRequest(ChangeUserRequest):
    username = Text(max_length=150)
    password = Text(max_length=1000, trim_whitespace=False)


class UserView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    username = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    first_name = serializers.CharField(allow_blank=True)
    last_name = serializers.CharField(allow_blank=True)
    time_zone = serializers.CharField()
    theme = serializers.CharField()
    hotkeys = serializers.DictField(child=serializers.CharField())
    expertise = serializers.ListField(child=serializers.CharField())
    is_active = serializers.BooleanField()
    is_staff = serializers.BooleanField()
    can_create_projects = serializers.BooleanField()
    simulated = serializers.BooleanField(source="demo", help_text="Made by the demo; not a real person.")


class UserListView(serializers.Serializer[Any]):
    results = UserView(many=True)
    next = serializers.CharField(allow_null=True)


class SignIn(Api):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="sign_in",
        auth=[],
        request=SignInRequest,
        responses={200: SignInView, **PROBLEMS(400, 429)},
    )
    def post(self, request: Request) -> Response:
        """A fresh token for a name and its password. Wrong ones are 400 `invalid_credentials`; too many wait (429)."""
        data = valid(SignInRequest, request)
        name = accounts.stored_name(data["username"])
        # Django's own request: the counting of wrong passwords marks it.
        user = authenticate(request=request._request, username=name, password=data["password"])
        if getattr(request._request, "axes_locked_out", False):
            return self._wait()
        if not isinstance(user, User):
            raise accounts.InvalidCredentials("This name and password do not match an active account.")
        token, secret = accounts.create_sign_in_token(user=user)
        return Response({"token": secret, "expires_at": token.expiry})

    def _wait(self) -> Response:
        error = accounts.TooManyAttempts(
            "Too many wrong passwords for this name from this address; wait, then try again."
        )
        response = problem(error.status, error.code, str(error))
        response["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
        return response


class Me(Api):
    @extend_schema(operation_id="me", responses={200: UserView, **PROBLEMS(401)})
    def get(self, request: Request) -> Response:
        """Who you are here."""
        return Response(UserView(self.user()).data)

    @extend_schema(
        operation_id="change_me", request=MeRequest, responses={200: UserView, **PROBLEMS(400, 401)}
    )
    def patch(self, request: Request) -> Response:
        """Change your profile and preferences."""
        return Response(UserView(accounts.change_me(user=self.user(), **valid(MeRequest, request))).data)


class MyTokens(Api):
    @extend_schema(operation_id="my_tokens", responses={200: TokenListView, **PROBLEMS(401)})
    def get(self, request: Request) -> Response:
        """Your tokens that still work, newest first; never their secrets."""
        found = accounts.tokens_of(user=self.user())
        return Response({"results": TokenView(found, many=True).data, "next": None})

    @extend_schema(
        operation_id="create_token",
        request=TokenRequest,
        responses={201: NewTokenView, **PROBLEMS(400, 401, 409)},
    )
    def post(self, request: Request) -> Response:
        """Make a token; its secret is in this answer and nowhere else."""
        data = valid(TokenRequest, request)
        token, secret = accounts.create_token(user=self.user(), name=data["name"], days=data.get("days"))
        return Response({**TokenView(token).data, "token": secret}, status=201)


class MyToken(Api):
    @extend_schema(operation_id="revoke_token", responses={204: None, **PROBLEMS(401, 404)})
    def delete(self, request: Request, token_key: str) -> Response:
        """End a token at once."""
        accounts.revoke_token(user=self.user(), token_key=token_key)
        return Response(status=204)


class Users(Api):
    @extend_schema(
        operation_id="users",
        parameters=PAGE_PARAMETERS,
        responses={200: UserListView, **PROBLEMS(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Everybody; for administrators."""
        everybody = accounts.people(by=self.user())
        wanted = query(PageRequest, request)
        found = everybody.filter(pk__gt=wanted["after"])[: wanted["limit"] + 1]
        return Response(paged(request=request, rows=list(found), limit=wanted["limit"], view=UserView))

    @extend_schema(
        operation_id="create_user",
        request=NewUserRequest,
        responses={201: UserView, **PROBLEMS(400, 401, 403, 409)},
    )
    def post(self, request: Request) -> Response:
        """Make an account; for administrators."""
        accounts.administrators_only(self.user())
        made = accounts.create_user(by=self.user(), **valid(NewUserRequest, request))
        return Response(UserView(made).data, status=201)


class OneUser(Api):
    @extend_schema(operation_id="user", responses={200: UserView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, user_id: int) -> Response:
        """One account; for administrators."""
        return Response(UserView(accounts.person(by=self.user(), user_id=user_id)).data)

    @extend_schema(
        operation_id="change_user",
        request=ChangeUserRequest,
        responses={200: UserView, **PROBLEMS(400, 401, 403, 404)},
    )
    def patch(self, request: Request, user_id: int) -> Response:
        """Change an account or, with `is_active: false`, switch it off; for administrators."""
        user = accounts.person(by=self.user(), user_id=user_id)
        changed = accounts.change_user(by=self.user(), user=user, **valid(ChangeUserRequest, request))
        return Response(UserView(changed).data)


urlpatterns = [
    path("auth/token/", SignIn.as_view(), name="sign-in"),
    path("me/", Me.as_view(), name="me"),
    path("me/tokens/", MyTokens.as_view(), name="my-tokens"),
    re_path(r"^me/tokens/(?P<token_key>\w{1,25})/$", MyToken.as_view(), name="my-token"),
    path("users/", Users.as_view(), name="users"),
    path("users/<int:user_id>/", OneUser.as_view(), name="user"),
]
