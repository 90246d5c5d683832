from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.test import Client

from annotation.errors import Conflict, InvalidInput, NotAllowed
from annotation.models import (
    Annotation,
    ApiToken,
    Comment,
    Flag,
    Lease,
    Project,
    SavedView,
    Skip,
    Snapshot,
    User,
)
from annotation.reports import agreement
from annotation.services import accounts, answers, erasure, queue, talk
from tests.annotation.gold_help import say, take
from tests.factories import make_member, make_project, make_user
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db
NAME = "wilhelmina"


@pytest.fixture(autouse=True)
def _storage(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def project() -> Project:
    return make_project(items=6, annotations_per_item=2)


@pytest.fixture
def person(project: Project) -> User:
    """Somebody who left traces of every kind."""
    user = make_user(
        NAME,
        email=f"{NAME}@example.org",
        first_name="Wil",
        last_name="Berg",
        expertise=["birds"],
        time_zone="Asia/Tokyo",
    )
    make_member(project, user=user)
    client = Client()
    client.force_login(user)
    client.post(
        "/account/",
        {
            "first_name": "Wilma",
            "last_name": "Berg",
            "email": f"{NAME}@example.org",
            "time_zone": "Asia/Tokyo",
        },
    )
    for turn in take(user, project, 3).turns:
        say(user, turn, {"sentiment": "positive"})
    first, second = take(user, project, 2).turns
    answers.skip(annotator=user, lease_id=first.id, reason="I know this person")
    queue.save_draft(annotator=user, lease_id=second.id, answer={"sentiment": "neutral"})
    item = project.items.first()
    talk.comment(by=user, item_id=item.pk, body="As I told Kim")
    talk.flag(by=user, item_id=item.pk, reason="That is my street")
    accounts.create_token(user=user, name="my script")
    SavedView.objects.create(
        project=project, name="Hers", where=f'annotator = "{NAME}" or annotator={NAME}', created_by=user
    )
    return user


def forget(person: User, by: User, **how: Any) -> User:
    erasure.erase(by=by, user=person, username=person.username, **how)
    person.refresh_from_db()
    return person


def figures(project: Project) -> Any:
    found = agreement.compute(project.pk)
    items = list(project.items.order_by("pk").values_list("state", "answers", "wanted"))
    return (
        items,
        project.annotations.count(),
        found.answers,
        [(one.measured, one.labels) for one in found.questions],
    )


def everything() -> str:
    """All rows of all tables, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        names = [row[0] for row in cursor.fetchall() if not row[0].startswith("django_session")]
        found = []
        for name in names:
            cursor.execute(f"SELECT coalesce(jsonb_agg(t)::text, '') FROM \"{name}\" t")
            found.append(f"{name}: {cursor.fetchone()[0]}")
    return "\n".join(found)


def test_nothing_in_the_database_says_any_more_who_it_was(person: User, admin: User) -> None:
    before = everything()

    forget(person, admin)

    for word in (
        NAME,
        "Wil",
        "Berg",
        "birds",
        "Tokyo",
        "I know this person",
        "As I told Kim",
        "my street",
        "my script",
    ):
        assert word in before, word
        assert [line.split(":")[0] for line in everything().splitlines() if word in line] == [], word


def test_counts_and_agreement_do_not_move(project: Project, person: User, admin: User) -> None:
    other = make_member(project)
    for turn, said in zip(take(other, project, 3).turns, ("positive", "negative", "positive"), strict=True):
        say(other, turn, {"sentiment": said})
    before = figures(project)

    forget(person, admin)

    assert figures(project) == before
    assert_slots_add_up(project)
    assert Lease.objects.filter(annotator=person, state="active").count() == 0


def test_answers_can_be_withdrawn_and_others_are_asked(project: Project, person: User, admin: User) -> None:
    forget(person, admin, answers="withdraw")

    assert set(project.items.values_list("answers", "open_slots")) == {(0, 2)}
    assert Annotation.objects.filter(annotator=person).count() == 3
    assert_slots_add_up(project)


def test_a_number_remains_that_cannot_sign_in(person: User, admin: User) -> None:
    forget(person, admin)

    assert person.username == f"person-{person.pk}"
    assert (person.is_active, person.has_usable_password(), person.last_login) == (False, False, None)
    assert person.erased_at is not None
    assert not ApiToken.objects.filter(user=person).exists()
    assert not any(s.get_decoded().get("_auth_user_id") == str(person.pk) for s in Session.objects.all())
    assert (
        SavedView.objects.get().where == f'annotator = "{person.username}" or annotator= "{person.username}"'
    )


def test_that_it_was_done_stays_in_the_history(person: User, admin: User) -> None:
    forget(person, admin)
    event = __import__("django.apps", fromlist=["apps"]).apps.get_model("annotation", "UserEvent")

    assert event.objects.filter(pgh_obj_id=person.pk).count() >= 2
    assert set(event.objects.filter(pgh_obj_id=person.pk).values_list("username", flat=True)) == {
        person.username
    }


def test_what_stands_against_it_is_told(project: Project, person: User, admin: User) -> None:
    with pytest.raises(NotAllowed):
        forget(person, project.created_by)
    with pytest.raises(InvalidInput, match="Type the username"):
        erasure.erase(by=admin, user=person, username="another")
    with pytest.raises(Conflict, match="last owner of"):
        forget(project.created_by, admin)
    with pytest.raises(Conflict, match="your own account"):
        forget(admin, admin)


def test_it_may_be_repeated(person: User, admin: User) -> None:
    forget(person, admin)
    first = person.erased_at

    forget(person, admin)

    assert (person.username, person.erased_at) == (f"person-{person.pk}", first)


def test_snapshots_keep_their_bytes_and_are_told(project: Project, person: User, admin: User) -> None:
    stored = default_storage.save("snapshots/a.parquet", ContentFile(b"PAR1"))
    made = Snapshot.objects.create(project=project, number=1, state="done", created_by=admin, file=stored)

    found = erasure.erase(by=admin, user=person, username=NAME)
    assert found.snapshots == [made]
    erasure.remove_snapshot(by=admin, snapshot_id=made.pk)

    assert not default_storage.exists(stored)
    assert erasure.naming(person)[0] == []
    assert Snapshot.objects.get().number == 1


def test_the_command_tells_first_and_does_it_with_yes(person: User, admin: User, capsys: Any) -> None:
    call_command("erase_person", NAME, "--by", admin.username)
    assert User.objects.filter(username=NAME).exists()

    call_command("erase_person", NAME, "--by", admin.username, "--yes")

    assert not User.objects.filter(username=NAME).exists()
    assert "3 answers, 1 comments" in capsys.readouterr().out


def test_over_rest_and_on_the_page(person: User, admin: User, api: Any) -> None:
    url = f"/api/v1/users/{person.pk}/erase/"
    page = Client()
    page.force_login(admin)

    told = api(admin).get(url).json()
    shown = page.get(f"/people/{person.pk}/erase/").content.decode()
    wrong = api(admin).post(url, {"username": "x"}, format="json")
    done = api(admin).post(url, {"username": NAME, "answers": "keep"}, format="json").json()

    assert (told["answers"], told["comments"], told["erased_at"]) == (3, 1, None)
    assert "3 answers" in shown
    assert wrong.status_code == 400
    assert done["username"] == f"person-{person.pk}"
    assert api(make_user()).get(url).status_code == 403
    assert json.dumps(done)
    assert (Comment.objects.get().body, Flag.objects.get().reason, Skip.objects.get().reason) == ("", "", "")
