"""Signing in, and what a person sets for themselves."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeDoneView, PasswordChangeView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, re_path, reverse_lazy

from annotation.models import ApiToken, User
from annotation.pages.base import Page
from annotation.pages.forms import attempt, model_limit
from annotation.services import accounts

# The people whom the demo makes for its visitors, and what each can show.
DEMO_ACCOUNTS = {
    "admin": "administers everything",
    "manager": "runs the projects",
    "adjudicator": "decides disputes",
    "annotator1": "labels",
    "annotator2": "labels",
    "annotator3": "labels",
    "engineer": "fetches the labels",
}


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """Too many wrong passwords from one address for one name. REST has said so itself already."""
    if response is not None and response.status_code == 429:
        return response
    locked = render(request, "registration/login.html", {"locked": True}, status=429)
    locked["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return locked


class SignInForm(AuthenticationForm):
    def clean_username(self) -> str:
        """Phones like to begin with a capital: names are unique in any case, so any case will do."""
        return accounts.stored_name(str(self.cleaned_data["username"]))


class SignIn(LoginView):
    form_class = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(demo_accounts=_demo_accounts(), **kwargs)


def _demo_accounts() -> list[dict[str, str]]:
    if not settings.DEMO:
        return []
    there = set(User.objects.filter(username__in=DEMO_ACCOUNTS, demo=True).values_list("username", flat=True))
    return [{"username": name, "about": about} for name, about in DEMO_ACCOUNTS.items() if name in there]


class ProfileForm(forms.Form):
    first_name = forms.CharField(max_length=model_limit(User, "first_name"), required=False)
    last_name = forms.CharField(max_length=model_limit(User, "last_name"), required=False)
    email = forms.EmailField(max_length=model_limit(User, "email"), required=False, label="Email address")
    time_zone = forms.ChoiceField(help_text="Days and times on all pages are those of this place.")
    expertise = forms.CharField(
        max_length=2000,
        required=False,
        help_text="What you know well, separated by commas: chemistry, Greek, …",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = ((name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name)
        self.fields["time_zone"].choices = [("UTC", "UTC"), *zones]  # type: ignore[attr-defined]
        for name in ("first_name", "last_name"):
            self.fields[name].widget.attrs["autocomplete"] = {"first_name": "given-name"}.get(
                name, "family-name"
            )
        self.fields["email"].widget.attrs["autocomplete"] = "email"

    def clean_expertise(self) -> list[str]:
        given = str(self.cleaned_data["expertise"])
        return list(dict.fromkeys(word.strip() for word in given.split(",") if word.strip()))


class Account(Page):
    """Profile, time zone, theme, keys."""

    template = "annotation/account.html"

    def context(self, **context: Any) -> dict[str, Any]:
        hotkeys = sorted(self.user().hotkeys.items())
        return super().context(**{"hotkeys": hotkeys, "crumbs": [("Account", "")], **context})

    def get(self, request: HttpRequest) -> HttpResponse:
        user = self.user()
        initial = {name: getattr(user, name) for name in ("first_name", "last_name", "email", "time_zone")}
        form = ProfileForm(initial={**initial, "expertise": ", ".join(user.expertise)})
        return self.render(form=form)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ProfileForm(request.POST)
        if not form.is_valid() or not attempt(form, lambda: self._save(form)):
            return self.render(form=form, status=422)
        messages.success(request, "Your profile is saved.")
        return redirect("account")

    def _save(self, form: ProfileForm) -> User:
        return accounts.change_me(user=self.user(), **form.cleaned_data)


class Theme(Page):
    """The theme switch of every page."""

    def post(self, request: HttpRequest) -> HttpResponse:
        theme = request.POST.get("theme", "")
        if theme not in dict(User._meta.get_field("theme").flatchoices):
            return HttpResponseBadRequest("There is no such theme.", content_type="text/plain")
        accounts.change_me(user=self.user(), theme=theme)
        return HttpResponse(status=204)


class ResetKeys(Page):
    """One key, or all of them, back to the usual ones."""

    def post(self, request: HttpRequest) -> HttpResponse:
        action = request.POST.get("action")
        kept = {name: key for name, key in self.user().hotkeys.items() if action and name != action}
        accounts.change_me(user=self.user(), hotkeys=kept)
        messages.success(
            request, "The key is the usual one again." if action else "All keys are the usual ones again."
        )
        return redirect("account")


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=model_limit(ApiToken, "name"),
        label="What is it for?",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "nightly export"}),
    )
    days = forms.TypedChoiceField(
        label="Expires after",
        coerce=int,
        choices=[(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "a year")],
        initial=90,
    )


class Tokens(Page):
    """Tokens for REST: made here, shown once, revoked at any time."""

    template = "annotation/account_tokens.html"

    def context(self, **context: Any) -> dict[str, Any]:
        tokens = accounts.tokens_of(user=self.user())
        return super().context(**{"tokens": tokens, "crumbs": [("API tokens", "")], **context})

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(form=TokenForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = TokenForm(request.POST)
        if form.is_valid():
            made = attempt(form, lambda: accounts.create_token(user=self.user(), **form.cleaned_data))
            if made:
                # No redirect: the secret is nowhere but in this answer.
                response = self.render(form=TokenForm(), made=made[0], secret=made[1])
                response["Cache-Control"] = "no-store"
                return response
        return self.render(form=form, status=422)


class RevokeToken(Page):
    def post(self, request: HttpRequest, token_key: str) -> HttpResponse:
        accounts.revoke_token(user=self.user(), token_key=token_key)
        messages.success(request, "The token is revoked; what used it is signed out.")
        return redirect("tokens")


class PasswordForm(PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Django's own help is a list, which cannot stand inside a paragraph.
        self.fields[
            "new_password1"
        ].help_text = "At least 8 characters; no common password, and not like your name."
        self.fields["new_password2"].help_text = ""
        self.fields["new_password2"].label = "New password again"


class ChangePassword(PasswordChangeView):
    form_class = PasswordForm
    template_name = "annotation/account_password.html"
    success_url = reverse_lazy("password-changed")
    extra_context = {"crumbs": [("Account", reverse_lazy("account")), ("Password", "")]}

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if getattr(self.request.user, "demo", False):
            raise PermissionDenied("People of the demo share one password; it cannot be changed.")
        return super().dispatch(*args, **kwargs)


class PasswordChanged(PasswordChangeDoneView):
    template_name = "annotation/account_password.html"
    extra_context = {"changed": True, "crumbs": [("Account", reverse_lazy("account")), ("Password", "")]}


urlpatterns = [
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/", Account.as_view(), name="account"),
    path("account/theme/", Theme.as_view(), name="theme"),
    path("account/keys/reset/", ResetKeys.as_view(), name="reset-keys"),
    path("account/tokens/", Tokens.as_view(), name="tokens"),
    re_path(r"^account/tokens/(?P<token_key>\w{1,25})/revoke/$", RevokeToken.as_view(), name="revoke-token"),
    path("account/password/", ChangePassword.as_view(), name="password-change"),
    path("account/password/changed/", PasswordChanged.as_view(), name="password-changed"),
]
