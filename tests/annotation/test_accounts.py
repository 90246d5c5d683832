"""Signing in, tokens, one's own account, and the administrators' view of everybody's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from annotation.errors import Conflict, InvalidInput, NotAllowed
from annotation.models import ApiToken, Lease, Project, User
from annotation.services import accounts, queue
from tests.factories import make_user

PASSWORD = "a-long-password-1"


def sign_in(client: APIClient, username: str, password: str = PASSWORD) -> Any:
    return client.post("/api/v1/auth/token/", {"username": username, "password": password}, format="json")


def with_token(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


# Signing in over REST


def test_a_name_and_its_password_give_a_token_that_works(stranger: User) -> None:
    answer = sign_in(APIClient(), "sven")

    assert answer.status_code == 200
    assert answer.json()["expires_at"]
    assert with_token(answer.json()["token"]).get("/api/v1/me/").json()["username"] == "sven"


def test_a_name_in_another_case_is_the_same_name(stranger: User) -> None:
    assert sign_in(APIClient(), "Sven").status_code == 200


@pytest.mark.parametrize("username", ["sven", "nobody"])
def test_a_wrong_password_and_an_unknown_name_look_the_same(stranger: User, username: str) -> None:
    answer = sign_in(APIClient(), username, "wrong")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_credentials")


def test_who_is_switched_off_cannot_sign_in(stranger: User) -> None:
    User.objects.filter(pk=stranger.pk).update(is_active=False)

    assert sign_in(APIClient(), "sven").json()["code"] == "invalid_credentials"


def test_ten_wrong_passwords_must_wait_even_with_the_right_one(stranger: User) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(APIClient(), "sven", "wrong")

    answer = sign_in(APIClient(), "sven")

    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
    assert int(answer["Retry-After"]) == 300


def test_another_person_can_sign_in_meanwhile(stranger: User, owner: User) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(APIClient(), "sven", "wrong")

    assert sign_in(APIClient(), "olga").status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"username": "sven"}, {"username": 1, "password": "x"}, {"username": "a\0b", "password": "x"}, []],
)
def test_a_body_that_is_no_sign_in_is_refused(db: None, body: Any) -> None:
    answer = APIClient().post("/api/v1/auth/token/", body, format="json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_script_that_signs_in_at_every_run_pushes_its_own_oldest_tokens_out(stranger: User) -> None:
    kept, _ = accounts.create_token(user=stranger, name="nightly export")
    first, _ = accounts.create_sign_in_token(user=stranger)

    for _ in range(accounts.MOST_TOKENS):
        accounts.create_sign_in_token(user=stranger)

    assert ApiToken.objects.filter(user=stranger).count() == accounts.MOST_TOKENS
    assert ApiToken.objects.filter(pk=kept.pk).exists()
    assert not ApiToken.objects.filter(pk=first.pk).exists()


# Tokens


def test_a_token_shows_its_secret_once_and_its_hash_is_stored(api: Any, stranger: User) -> None:
    made = api(stranger).post("/api/v1/me/tokens/", {"name": "nightly export", "days": 7}, format="json")
    listed = api(stranger).get("/api/v1/me/tokens/").json()["results"]

    assert made.status_code == 201
    assert made.json()["token"].startswith(made.json()["id"])
    assert listed == [{key: made.json()[key] for key in ("id", "name", "created_at", "expires_at")}]
    assert made.json()["token"] not in str(ApiToken.objects.values().get())


def test_a_revoked_token_stops_working_at_once(api: Any, stranger: User) -> None:
    token, secret = accounts.create_token(user=stranger, name="leaked")

    assert api(stranger).delete(f"/api/v1/me/tokens/{token.token_key}/").status_code == 204
    assert with_token(secret).get("/api/v1/me/").status_code == 401


def test_an_expired_token_does_not_work_and_is_not_listed(stranger: User) -> None:
    token, secret = accounts.create_token(user=stranger, name="old")
    ApiToken.objects.filter(pk=token.pk).update(expiry=timezone.now() - timedelta(seconds=1))

    assert list(accounts.tokens_of(user=stranger)) == []
    assert with_token(secret).get("/api/v1/me/").status_code == 401


def test_nobody_revokes_another_persons_token(api: Any, stranger: User, owner: User) -> None:
    token, _ = accounts.create_token(user=owner, name="hers")

    assert api(stranger).delete(f"/api/v1/me/tokens/{token.token_key}/").status_code == 404
    assert ApiToken.objects.filter(pk=token.pk).exists()


def test_the_fifty_first_named_token_is_refused(stranger: User) -> None:
    ApiToken.objects.bulk_create(
        ApiToken(user=stranger, digest=str(n), token_key=str(n), expiry=timezone.now() + timedelta(days=1))
        for n in range(accounts.MOST_TOKENS)
    )

    with pytest.raises(Conflict):
        accounts.create_token(user=stranger, name="one more")


@pytest.mark.parametrize(("name", "days"), [("", 7), ("x", 0), ("x", 10**6), ("x" * 81, 7)])
def test_a_token_needs_a_name_and_an_end(api: Any, stranger: User, name: str, days: int) -> None:
    answer = api(stranger).post("/api/v1/me/tokens/", {"name": name, "days": days}, format="json")

    assert answer.status_code == 400


# One's own account


def test_everybody_sets_their_own_preferences(api: Any, stranger: User) -> None:
    changes = {
        "time_zone": "Europe/Vienna",
        "theme": "dark",
        "hotkeys": {"skip": "x", "undo": "Mod+z"},
        "expertise": ["chemistry"],
        "email": "sven@example.org",
    }

    answer = api(stranger).patch("/api/v1/me/", changes, format="json")

    assert answer.status_code == 200
    assert api(stranger).get("/api/v1/me/").json().items() >= changes.items()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"time_zone": "Mars/Olympus"}, ["time_zone"]),
        ({"time_zone": "../../etc/passwd"}, ["time_zone"]),
        ({"theme": "pink"}, ["theme"]),
        ({"email": "not an address"}, ["email"]),
        ({"hotkeys": {"skip": "x", "flag": "x"}}, ["hotkeys", "skip"]),
        ({"hotkeys": {"Skip it!": "x"}}, ["hotkeys"]),
        ({"hotkeys": {"a\0b": "x"}}, ["hotkeys"]),
        ({"hotkeys": {"skip": ""}}, ["hotkeys", "skip"]),
        ({"hotkeys": ["x"]}, ["hotkeys"]),
        ({"expertise": ["x" * 61]}, ["expertise", "0"]),
        ({"first_name": "a\0b"}, ["first_name"]),
    ],
)
def test_a_preference_that_makes_no_sense_is_refused_with_its_path(
    api: Any, stranger: User, changes: dict[str, Any], path: list[str]
) -> None:
    answer = api(stranger).patch("/api/v1/me/", changes, format="json")

    assert answer.status_code == 400
    assert [str(part) for part in answer.json()["errors"][0]["path"]] == path


def test_nobody_promotes_themselves(api: Any, stranger: User) -> None:
    api(stranger).patch("/api/v1/me/", {"is_staff": True, "can_create_projects": True}, format="json")

    stranger.refresh_from_db()
    assert not stranger.is_staff
    assert not stranger.creates_projects


# Administrators


def test_an_administrator_makes_an_account_that_can_sign_in(api: Any, admin: User) -> None:
    body = {
        "username": "nina",
        "password": "correct horse battery",
        "can_create_projects": True,
        "expertise": ["law"],
    }

    made = api(admin).post("/api/v1/users/", body, format="json")

    assert made.status_code == 201
    assert made.json()["can_create_projects"]
    assert sign_in(APIClient(), "nina", "correct horse battery").status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_only_administrators_see_and_make_accounts(api: Any, owner: User, method: str) -> None:
    body = {"username": "nina", "password": "correct horse battery"}

    answer = getattr(api(owner), method)("/api/v1/users/", body if method == "post" else None, format="json")

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({"username": "nina", "password": "short"}, 400, ["password"]),
        ({"username": "ni na", "password": "correct horse battery"}, 400, ["username"]),
        ({"username": "", "password": "correct horse battery"}, 400, ["username"]),
        ({"username": "SVEN", "password": "correct horse battery"}, 409, None),
        ({"username": "nina", "password": "correct horse battery", "time_zone": "x"}, 400, ["time_zone"]),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    api: Any, admin: User, stranger: User, body: dict[str, Any], status: int, path: list[str] | None
) -> None:
    answer = api(admin).post("/api/v1/users/", body, format="json")

    assert answer.status_code == status
    assert path is None or answer.json()["errors"][0]["path"] == path


def test_switching_an_account_off_ends_its_tokens_and_gives_its_items_back(
    api: Any, admin: User, project: Project, annotator: User
) -> None:
    queue.next_leases(annotator=annotator, project=project, count=3)
    _, secret = accounts.create_token(user=annotator, name="script")

    answer = api(admin).patch(f"/api/v1/users/{annotator.pk}/", {"is_active": False}, format="json")

    assert answer.json()["is_active"] is False
    assert with_token(secret).get("/api/v1/me/").status_code == 401
    assert not Lease.objects.filter(state="active").exists()
    assert project.items.filter(open_slots=1).count() == 5


def test_an_administrator_who_is_no_superuser_makes_no_administrators(db: None) -> None:
    staff = make_user(is_staff=True)

    with pytest.raises(NotAllowed):
        accounts.create_user(by=staff, username="nina", password="correct horse battery", is_staff=True)


def test_an_administrator_who_is_no_superuser_does_not_touch_a_superuser(admin: User) -> None:
    staff = make_user(is_staff=True)

    with pytest.raises(NotAllowed):
        accounts.change_user(by=staff, user=admin, password="correct horse battery")


def test_nobody_switches_off_their_own_account(admin: User) -> None:
    with pytest.raises(InvalidInput):
        accounts.change_user(by=admin, user=admin, is_active=False)


def test_the_list_of_people_pages_by_key(api: Any, admin: User) -> None:
    people = [make_user() for _ in range(3)]

    first = api(admin).get("/api/v1/users/?limit=2").json()
    second = api(admin).get(first["next"]).json()

    seen = [person["id"] for person in first["results"] + second["results"]]
    assert seen == [admin.pk, *(person.pk for person in people)]
    assert second["next"] is None


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=501", f"after={10**30}"])
def test_a_page_that_cannot_be_is_refused(api: Any, admin: User, query: str) -> None:
    assert api(admin).get(f"/api/v1/users/?{query}").status_code == 400


# Pages


def test_who_signs_in_lands_where_they_wanted_to_go(client: Client, stranger: User) -> None:
    form = {"username": "Sven", "password": PASSWORD, "next": "/account/"}

    assert client.get("/account/").url == "/login/?next=/account/"
    assert client.post("/login/", form).url == "/account/"


def test_a_sign_in_never_leads_to_another_site(client: Client, stranger: User) -> None:
    answer = client.post(
        "/login/", {"username": "sven", "password": PASSWORD, "next": "https://evil.example/"}
    )

    assert answer.url == "/"


def test_the_page_says_when_too_many_passwords_were_wrong(client: Client, stranger: User) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        client.post("/login/", {"username": "sven", "password": "wrong"})

    locked = client.post("/login/", {"username": "sven", "password": PASSWORD})

    assert locked.status_code == 429
    assert "Too many wrong passwords" in locked.content.decode()


def test_demo_accounts_are_offered_in_demo_mode_only(client: Client, db: None) -> None:
    make_user("annotator1", demo=True)

    with override_settings(DEMO=True):
        assert "annotator1" in client.get("/login/").content.decode()
    assert "annotator1" not in client.get("/login/").content.decode()


def test_the_profile_form_saves_and_says_what_is_wrong(client: Client, stranger: User) -> None:
    client.force_login(stranger)
    form = {"time_zone": "Asia/Tokyo", "expertise": "law, Greek, law", "email": "sven@example.org"}

    assert client.post("/account/", form).status_code == 302
    assert client.post("/account/", {**form, "email": "x"}).status_code == 422
    stranger.refresh_from_db()
    assert (stranger.time_zone, stranger.expertise) == ("Asia/Tokyo", ["law", "Greek"])


def test_the_theme_switch_saves_and_refuses_what_is_no_theme(client: Client, stranger: User) -> None:
    client.force_login(stranger)

    assert client.post("/account/theme/", {"theme": "dark"}).status_code == 204
    assert client.post("/account/theme/", {"theme": "pink"}).status_code == 400
    stranger.refresh_from_db()
    assert stranger.theme == "dark"


def test_own_keys_are_reset_one_by_one_or_all_at_once(client: Client, stranger: User) -> None:
    accounts.change_me(user=stranger, hotkeys={"skip": "x", "flag": "y", "undo": "z"})
    client.force_login(stranger)

    client.post("/account/keys/reset/", {"action": "flag"})
    stranger.refresh_from_db()
    assert stranger.hotkeys == {"skip": "x", "undo": "z"}

    client.post("/account/keys/reset/")
    stranger.refresh_from_db()
    assert stranger.hotkeys == {}


def test_the_tokens_page_shows_a_secret_once(client: Client, stranger: User) -> None:
    client.force_login(stranger)

    made = client.post("/account/tokens/", {"name": "<b>export</b>", "days": 30})
    secret = made.context["secret"]

    assert secret in made.content.decode()
    assert made["Cache-Control"] == "no-store"
    again = client.get("/account/tokens/").content.decode()
    assert secret not in again
    assert "&lt;b&gt;export&lt;/b&gt;" in again


def test_a_person_of_the_demo_has_no_password_to_change(client: Client, db: None) -> None:
    client.force_login(make_user("annotator1", demo=True))

    refused = client.get("/account/password/")
    assert refused.status_code == 403
    assert "role" not in refused.content.decode().lower().replace("role=", "")


def test_a_new_password_keeps_this_browser_signed_in(client: Client, stranger: User) -> None:
    client.force_login(stranger)
    new = "correct horse battery"

    client.post("/account/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})

    cache.clear()
    assert client.get("/account/").status_code == 200
    assert sign_in(APIClient(), "sven", new).status_code == 200


def test_an_administrator_makes_changes_and_switches_off_an_account_by_page(
    client: Client, admin: User
) -> None:
    client.force_login(admin)
    new = {"username": "nina", "password": "correct horse battery", "can_create_projects": "on"}

    assert client.post("/people/new/", new).status_code == 302
    nina = User.objects.get(username="nina")
    assert nina.creates_projects
    assert client.post("/people/new/", {**new, "username": "NINA"}).status_code == 422
    assert client.post(f"/people/{nina.pk}/", {"email": "nina@example.org"}).status_code == 302
    nina.refresh_from_db()
    assert (nina.email, nina.is_active, nina.check_password(new["password"])) == (
        "nina@example.org",
        False,
        True,
    )


def test_everybody_is_found_by_name_page_by_page(client: Client, admin: User) -> None:
    for number in range(60):
        make_user(f"worker{number:02}")
    client.force_login(admin)

    first = client.get("/people/?q=worker")
    second = client.get("/people/" + first.context["next"])

    names = [person.username for page in (first, second) for person in page.context["people"]]
    assert names == [f"worker{number:02}" for number in range(60)]


@pytest.mark.parametrize("url", ["/people/", "/people/new/", "/people/1/"])
def test_who_is_no_administrator_does_not_manage_people(client: Client, owner: User, url: str) -> None:
    client.force_login(owner)

    assert client.get(url).status_code == 403
    assert client.post(url).status_code in {403, 405}
