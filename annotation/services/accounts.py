"""People and their tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from annotation.errors import Conflict, DomainError, Fault, InvalidInput, NotAllowed, NotFound
from annotation.models import ApiToken, Lease, Project, User
from annotation.services import queue
from annotation.services.validation import clean, faults_of

MOST_TOKENS = 50
LONGEST_TOKEN_DAYS = 3650
MOST_HOTKEYS = 50
SIGN_IN_TOKEN = "sign-in over REST"  # noqa: S105 - the name of a token, not a token

_OWN = {"email", "first_name", "last_name", "time_zone", "theme", "hotkeys", "expertise"}
_BY_ADMINISTRATOR = _OWN | {"is_active", "is_staff", "can_create_projects"}
_HOTKEY_ACTION = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_HOTKEY = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]{0,28}[^\s\x00-\x1f])?")


class InvalidCredentials(DomainError):
    """No such person, wrong password, or an account that is switched off: deliberately not told apart."""

    code = "invalid_credentials"


class TooManyAttempts(DomainError):
    """Too many wrong passwords for this name from this address."""

    code = "too_many_attempts"
    status = 429


def stored_name(username: str) -> str:
    """The username as its owner wrote it when it was given in another case; unknown names come back as they are."""
    low = User.objects.alias(low=Lower("username")).filter(low=username.lower())
    return low.values_list("username", flat=True).first() or username


def administrators_only(by: User) -> None:
    """Raises NotAllowed unless this person manages accounts."""
    if not by.is_staff:
        raise NotAllowed("Only administrators manage accounts.")


def people(*, by: User) -> QuerySet[User]:
    """Every account, by id. Raises NotAllowed unless `by` is an administrator."""
    administrators_only(by)
    return User.objects.order_by("pk")


def person(*, by: User, user_id: int) -> User:
    """One account. Raises NotAllowed, NotFound."""
    user = people(by=by).filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such account.")
    return user


@transaction.atomic
def create_user(*, by: User, username: str, password: str, **about: Any) -> User:
    """Make an account. Raises NotAllowed unless `by` is an administrator, InvalidInput, Conflict for a taken name."""
    administrators_only(by)
    _only_superusers_touch_staff(by, about.get("is_staff", False))
    user = User(username=User.normalize_username(username), **_known(about, _BY_ADMINISTRATOR))
    user.email = User.objects.normalize_email(user.email)
    _check_hotkeys(user.hotkeys)
    clean(user, only=_BY_ADMINISTRATOR)
    _check_username(user)
    _set_password(user, password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        # Two administrators creating the same name at once both pass the check above.
        raise Conflict(f"The username {username} is taken.") from error
    return user


@transaction.atomic
def change_user(*, by: User, user: User, password: str | None = None, **changes: Any) -> User:
    """Change somebody's account, or switch it off: then tokens end, and reserved items go to others."""
    administrators_only(by)
    user = User.objects.select_for_update().get(pk=user.pk)
    privileged = user.is_staff or user.is_superuser or changes.get("is_staff", False)
    _only_superusers_touch_staff(by, privileged and user != by)
    if user == by and changes.get("is_active") is False:
        raise InvalidInput("You cannot switch off your own account.", faults=[_own_account()])
    _change(user, _known(changes, _BY_ADMINISTRATOR))
    if password is not None:
        _set_password(user, password)
        user.save(update_fields=["password"])
    if not user.is_active:
        _end_work(user)
    return user


@transaction.atomic
def change_me(*, user: User, **changes: Any) -> User:
    """Change one's own profile and preferences."""
    _change(user, _known(changes, _OWN))
    return user


@transaction.atomic
def create_token(*, user: User, name: str, days: int | None = None) -> tuple[ApiToken, str]:
    """Make a token; the second value is its secret, which is stored nowhere. Raises InvalidInput, Conflict."""
    days = settings.TOKEN_DAYS if days is None else days
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        message = f"A token lives from 1 to {LONGEST_TOKEN_DAYS} days."
        raise InvalidInput(message, faults=[Fault(("days",), message)])
    if not name.strip():
        raise InvalidInput("Name the token.", faults=[Fault(("name",), "Say what it is for.")])
    _lock_tokens(user)
    if tokens_of(user=user).count() >= MOST_TOKENS:
        raise Conflict(f"You have {MOST_TOKENS} tokens; revoke one that you no longer use.")
    return _new_token(user, name.strip(), timedelta(days=days))


@transaction.atomic
def create_sign_in_token(*, user: User) -> tuple[ApiToken, str]:
    """The token of a sign-in over REST. A script that signs in at every run pushes its own oldest ones out."""
    _lock_tokens(user)
    oldest_first = ApiToken.objects.filter(user=user, name=SIGN_IN_TOKEN).order_by("created")
    surplus = ApiToken.objects.filter(user=user).count() + 1 - MOST_TOKENS
    if surplus > 0:
        ApiToken.objects.filter(pk__in=list(oldest_first.values_list("pk", flat=True)[:surplus])).delete()
    return _new_token(user, SIGN_IN_TOKEN, timedelta(days=settings.TOKEN_DAYS))


def tokens_of(*, user: User) -> Any:
    """This person's tokens that still work, newest first."""
    return ApiToken.objects.filter(user=user, expiry__gt=timezone.now()).order_by("-created")


def revoke_token(*, user: User, token_key: str) -> None:
    """End a token at once. Raises NotFound."""
    deleted, _ = ApiToken.objects.filter(user=user, token_key=token_key).delete()
    if not deleted:
        raise NotFound("You have no such token; it may have expired or been revoked.")


def _lock_tokens(user: User) -> None:
    # Locked: two tabs making a token at once must not both be the fiftieth.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    ApiToken.objects.filter(user=user, expiry__lte=timezone.now()).delete()


def _new_token(user: User, name: str, life: timedelta) -> tuple[ApiToken, str]:
    token = ApiToken(user=user, name=name)
    clean(token, only={"name"})
    made: tuple[ApiToken, str] = ApiToken.objects.create(user=user, name=name, expiry=life)
    return made


def _change(user: User, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(user, name, value)
    if "email" in changes:
        user.email = User.objects.normalize_email(user.email)
    if "hotkeys" in changes:
        _check_hotkeys(user.hotkeys)
    if changes:
        clean(user, only=changes)
        user.save(update_fields=list(changes))


def _known(changes: Mapping[str, Any], allowed: set[str]) -> dict[str, Any]:
    unknown = set(changes) - allowed
    if unknown:
        raise InvalidInput(
            "These cannot be changed here.",
            faults=[Fault((name,), "Cannot be changed here.") for name in sorted(unknown)],
        )
    return dict(changes)


def _check_username(user: User) -> None:
    try:
        User._meta.get_field("username").clean(user.username, user)
    except ValidationError as error:
        raise InvalidInput("That is not a username.", faults=faults_of(error, field="username")) from error
    if User.objects.alias(low=Lower("username")).filter(low=user.username.lower()).exists():
        raise Conflict(f"The username {user.username} is taken.")


def _set_password(user: User, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), faults=faults_of(error, field="password")) from error
    user.set_password(password)


def _check_hotkeys(hotkeys: Any) -> None:
    """{action: key}: names as the labeling page knows them, one key for one action."""
    if not isinstance(hotkeys, dict) or len(hotkeys) > MOST_HOTKEYS:
        message = f"Keys are an object of at most {MOST_HOTKEYS} entries: action to key."
        raise InvalidInput(message, faults=[Fault(("hotkeys",), message)])
    faults = [_hotkey_fault(action, key, hotkeys) for action, key in hotkeys.items()]
    if found := [fault for fault in faults if fault]:
        raise InvalidInput("Some keys cannot be used.", faults=found)


def _hotkey_fault(action: Any, key: Any, hotkeys: Mapping[Any, Any]) -> Fault | None:
    if not isinstance(action, str) or not _HOTKEY_ACTION.fullmatch(action):
        return Fault(("hotkeys",), f"{action!r} is not the name of an action.")
    if not isinstance(key, str) or not (key == " " or _HOTKEY.fullmatch(key)):
        return Fault(("hotkeys", action), "A key is one character or a name such as Enter.")
    others = [other for other, used in hotkeys.items() if used == key and other != action]
    return Fault(("hotkeys", action), f"{key} is also the key of {others[0]}.") if others else None


def _end_work(user: User) -> None:
    ApiToken.objects.filter(user=user).delete()
    holding = [Lease.State.ACTIVE, Lease.State.ASSIGNED]
    held = Lease.objects.filter(annotator=user, state__in=holding).values("project")
    for project in Project.objects.filter(pk__in=held):
        queue.release(project=project, annotator=user)


def _only_superusers_touch_staff(by: User, touches_staff: bool) -> None:
    if touches_staff and not by.is_superuser:
        raise NotAllowed("Only a superuser makes administrators or changes their accounts.")


def _own_account() -> Fault:
    return Fault(("is_active",), "This is your own account; ask another administrator.")
