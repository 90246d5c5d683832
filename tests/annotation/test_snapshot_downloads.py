"""Downloads of snapshots: whole, in parts, by signed link, and what is said when there is nothing to send."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from datetime import timedelta
from itertools import pairwise

import pytest
from django.core import signing
from django.core.files import File
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.api import ranges
from annotation.api.exports import Closing
from annotation.formats.master import Master
from annotation.formats.registry import FORMATS
from annotation.models import Membership, Snapshot
from annotation.services import snapshot_files, snapshot_links
from tests.annotation.formats.kept import keep
from tests.annotation.formats.masters import written

pytestmark = pytest.mark.django_db

NAMES = list(FORMATS)


@pytest.fixture
def snapshot(project, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return keep(project)


@pytest.fixture
def get(api, viewer, snapshot):
    """`get(format, HTTP_…)` is the response, `body(response)` what it sends."""

    def got(format="jsonl", **headers):
        return api(viewer).get(f"/api/v1/snapshots/{snapshot.pk}/download/", {"format": format}, **headers)

    return got


def body(response):
    return b"".join(response) if response.streaming else response.content


@pytest.fixture
def whole(snapshot):
    """What each format is, made without any of the code for downloads."""

    def made(name):
        with snapshot.file.open("rb") as file:
            stored = file.read()
        form = FORMATS[name]
        return stored if form.write is None else written(form, Master(io.BytesIO(stored)), snapshot.manifest)

    return made


@pytest.mark.parametrize("name", NAMES)
def test_every_format_is_sent_as_a_file(name, get, whole):
    response = get(name)

    assert body(response) == whole(name)
    assert response["Content-Type"] == FORMATS[name].content_type
    assert re.search(
        rf'^attachment; filename="project-\d+-1\.{FORMATS[name].ending}"$', response["Content-Disposition"]
    )


def test_a_parameter_that_there_is_not_is_refused(api, viewer, snapshot):
    answer = api(viewer).get(f"/api/v1/snapshots/{snapshot.pk}/download/", {"fromat": "parquet"})

    assert answer.status_code == 400
    assert "did you mean format?" in answer.json()["errors"][0]["message"]


def test_the_hash_of_a_snapshot_is_that_of_its_json_lines(get, snapshot):
    response = get("jsonl")

    assert hashlib.sha256(body(response)).hexdigest() == snapshot.sha256
    told = base64.b64encode(bytes.fromhex(snapshot.sha256)).decode()
    assert response["Repr-Digest"] == f"sha-256=:{told}:"


@pytest.mark.parametrize("name", NAMES)
def test_parts_put_together_are_the_whole_wherever_it_is_cut(name, get, whole):
    wanted = whole(name)
    cuts = st.lists(st.integers(1, max(len(wanted) - 1, 1)), max_size=3).map(
        lambda found: sorted({0, *found, len(wanted)})
    )

    @given(cuts)
    @settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def check(places):
        parts = [get(name, HTTP_RANGE=f"bytes={first}-{end - 1}") for first, end in pairwise(places)]
        assert {response.status_code for response in parts} == {206}
        assert b"".join(map(body, parts)) == wanted

    check()


@pytest.mark.parametrize("name", ["jsonl", "csv", "huggingface", "parquet"])
def test_the_end_and_the_rest_can_be_asked_for(name, get, whole):
    wanted = whole(name)

    last, rest = get(name, HTTP_RANGE="bytes=-100"), get(name, HTTP_RANGE="bytes=50-")

    assert (body(last), body(rest)) == (wanted[-100:], wanted[50:])
    size = len(wanted)
    assert last["Content-Range"] == f"bytes {size - 100}-{size - 1}/{size}"
    assert (rest["Content-Length"], rest["Content-Range"]) == (str(size - 50), f"bytes 50-{size - 1}/{size}")


def test_only_the_row_group_with_the_first_byte_and_those_behind_it_are_read(get, snapshot, monkeypatch):
    begins = snapshot.manifest["jsonl"]["begins"]
    read = []
    batches = Master.batches
    monkeypatch.setattr(Master, "batches", lambda *args: read.append(args[1]) or batches(*args))

    body(get("jsonl", HTTP_RANGE=f"bytes={begins[2] + 5}-{begins[3] - 1}"))

    assert read == [2]


@pytest.mark.parametrize(
    "header",
    ["bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=-", "bytes", f"bytes={'9' * 30}-"],
)
def test_what_is_no_single_range_gets_everything(header, get, whole):
    response = get("csv", HTTP_RANGE=header)

    assert response.status_code == 200
    assert body(response) == whole("csv")


@pytest.mark.parametrize("header", ["bytes=100000000-", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_with_the_size(header, get, whole):
    response = get("csv", HTTP_RANGE=header)

    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(whole('csv'))}"
    assert response.data["code"] == "no_such_range"


def test_if_range_sends_a_part_of_the_same_file_alone(get, whole):
    etag = get("csv")["ETag"]

    same = get("csv", HTTP_RANGE="bytes=9-", HTTP_IF_RANGE=etag)
    other = get("csv", HTTP_RANGE="bytes=9-", HTTP_IF_RANGE='"other"')

    assert (same.status_code, body(same)) == (206, whole("csv")[9:])
    assert (other.status_code, body(other)) == (200, whole("csv"))


@pytest.mark.parametrize("name", NAMES)
def test_who_has_the_file_is_not_sent_it_again(name, get):
    etag = get(name)["ETag"]

    response = get(name, HTTP_IF_NONE_MATCH=etag)

    assert (response.status_code, body(response), response["ETag"]) == (304, b"", etag)
    assert get(name, HTTP_IF_MATCH='"other"').status_code == 412


def test_formats_and_snapshots_have_etags_of_their_own(get, snapshot, project):
    found = {get(name)["ETag"] for name in NAMES}
    other = keep(project)

    assert len(found) == len(NAMES)
    assert snapshot_files.etag(other, FORMATS["csv"]) not in found


@pytest.mark.parametrize("name", NAMES)
def test_head_tells_the_length_and_sends_nothing(name, api, viewer, snapshot, whole):
    response = api(viewer).head(f"/api/v1/snapshots/{snapshot.pk}/download/?format={name}")

    assert (response["Content-Length"], response.content) == (str(len(whole(name))), b"")
    assert response["Accept-Ranges"] == "bytes"


def test_the_length_is_told_once_a_format_was_sent_as_a_whole(get):
    first = get("csv")
    size = len(body(first))

    assert not first.has_header("Content-Length")
    assert get("csv")["Content-Length"] == str(size)


def test_a_download_that_is_given_up_closes_the_file_and_remembers_nothing(get, snapshot, monkeypatch):
    closed = []
    opened = File.close
    monkeypatch.setattr(File, "close", lambda self: closed.append(self) or opened(self))
    response = get("csv")
    # A server closes the response when its client goes away, and that its resources.
    [content] = [
        close.__self__ for close in response._resource_closers if isinstance(close.__self__, Closing)
    ]

    content.close()

    assert closed
    assert snapshot.formats.count() == 0


def test_lengths_of_other_releases_are_found_anew(get, snapshot, whole):
    body(get("huggingface"))
    snapshot.formats.update(size=1, begins={"version": "0", "marks": []})

    assert get("huggingface", HTTP_RANGE="bytes=0-9")["Content-Range"].endswith(
        f"/{len(whole('huggingface'))}"
    )


def test_a_conversion_that_breaks_does_not_look_like_a_whole_file(get, snapshot, monkeypatch):
    def broken(*args):
        yield b"row\n"
        raise RuntimeError

    monkeypatch.setattr(snapshot_files, "_pieces", broken)
    sent = []

    with pytest.raises(RuntimeError):
        sent.extend(get("csv"))

    assert sent[-1] == FORMATS["csv"].broken
    assert snapshot.formats.count() == 0


def test_a_file_that_is_gone_or_cut_short_is_told(get, snapshot):
    with snapshot.file.storage.open(snapshot.file.name, "rb+") as file:
        file.truncate(100)
    cut = get("csv")
    snapshot.file.storage.delete(snapshot.file.name)

    for response in (cut, get("csv"), get("parquet")):
        assert (response.status_code, response.data["code"]) == (410, "file_gone")


def test_a_stored_file_that_is_too_short_breaks_off(get, snapshot):
    with snapshot.file.storage.open(snapshot.file.name, "rb+") as file:
        file.truncate(100)

    response = get("parquet")

    assert response["Content-Length"] == str(snapshot.size)
    with pytest.raises(snapshot_files.BrokenOff):
        body(response)


def test_a_storage_that_cannot_be_reached_is_told(get, snapshot, tmp_path):
    snapshot.file.storage.delete(snapshot.file.name)
    (tmp_path / snapshot.file.name).mkdir()

    response = get("csv")

    assert (response.status_code, response.data["code"]) == (503, "storage_unavailable")


@pytest.mark.parametrize(
    ("state", "words"), [("running", "not made yet"), ("failed", "disk full"), ("cancelled", "cancelled")]
)
def test_a_snapshot_that_is_not_made_has_no_file(state, words, get, snapshot):
    Snapshot.objects.filter(pk=snapshot.pk).update(state=state, error="disk full.")

    response = get()

    assert (response.status_code, response.data["code"]) == (409, "not_ready")
    assert words in response.data["detail"]


def test_a_format_whose_package_is_missing_says_how_to_get_it(get, monkeypatch):
    monkeypatch.setattr("annotation.formats.base.find_spec", lambda name: None)

    response = get("spacy")

    assert (response.status_code, response.data["code"]) == (409, "format_missing")
    assert "pip install 'querent[spacy]'" in response.data["detail"]


@pytest.mark.parametrize(("who", "status"), [("annotator", 403), ("stranger", 404), ("viewer", 200)])
def test_only_who_may_export_gets_it(who, status, request, api, snapshot):
    user = request.getfixturevalue(who)

    for place in ("download", "formats"):
        assert api(user).get(f"/api/v1/snapshots/{snapshot.pk}/{place}/").status_code == status
    made = api(user).post(f"/api/v1/snapshots/{snapshot.pk}/links/", {}, format="json")
    assert made.status_code == (201 if status == 200 else status)


def test_formats_are_told_with_what_they_lack(api, viewer, snapshot):
    found = api(viewer).get(f"/api/v1/snapshots/{snapshot.pk}/formats/").data["results"]

    by_name = {one["name"]: one for one in found}
    assert list(by_name) == NAMES
    assert by_name["parquet"]["size"] == snapshot.size
    assert by_name["csv"]["size"] is None
    assert by_name["spacy"]["lacking"][0].startswith("All but the text")
    assert api(viewer).get(by_name["csv"]["url"]).status_code == 200


@pytest.fixture
def link(api, viewer, snapshot):
    def made(**asked):
        return api(viewer).post(f"/api/v1/snapshots/{snapshot.pk}/links/", asked, format="json").data

    return made


def test_a_link_needs_no_token(api, link, whole):
    made = link(format="csv", minutes=5)

    assert body(api(None).get(made["url"])) == whole("csv")
    left = timezone.datetime.fromisoformat(made["expires_at"].replace("Z", "+00:00")) - timezone.now()
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)


def test_a_link_is_for_one_file(api, link, project):
    url = link(format="csv")["url"]
    other = keep(project)

    for wrong in (
        url.replace("format=csv", "format=jsonl"),
        re.sub(r"snapshots/\d+", f"snapshots/{other.pk}", url),
        url[:-1],
    ):
        response = api(None).get(wrong)
        assert (response.status_code, response.data["code"]) == (403, "link_invalid")


def test_a_link_ends(api, snapshot, viewer):
    what = [snapshot.pk, "csv", viewer.pk, int(timezone.now().timestamp())]
    secret = signing.dumps(what, salt=snapshot_links.SALT)

    response = api(None).get(f"/api/v1/snapshots/{snapshot.pk}/download/?format=csv&link={secret}")

    assert (response.status_code, response.data["code"]) == (403, "link_expired")


@pytest.mark.parametrize("how", ["left", "demoted", "inactive"])
def test_a_link_ends_with_the_right_of_who_made_it(how, api, link, viewer):
    url = link(format="csv")["url"]
    mine = Membership.objects.filter(user=viewer)
    {
        "left": mine.delete,
        "demoted": lambda: mine.update(role="annotator"),
        "inactive": lambda: type(viewer).objects.filter(pk=viewer.pk).update(is_active=False),
    }[how]()

    response = api(None).get(url)

    assert (response.status_code, response.data["code"]) == (403, "link_expired")


def test_a_link_opens_nothing_else(api, link, snapshot):
    secret = link(format="csv")["url"].split("link=")[1]

    assert api(None).get(f"/api/v1/snapshots/{snapshot.pk}/formats/?link={secret}").status_code == 401


def test_what_goes_wrong_with_a_link_is_logged_without_it(api, link, snapshot, caplog):
    url = link(format="csv")["url"]
    snapshot.file.storage.delete(snapshot.file.name)

    assert api(None).get(url).status_code == 410

    assert url.split("link=")[1] not in caplog.text


@given(size=st.integers(0, 30), first=st.integers(0, 40), last=st.integers(0, 40))
def test_ranges_are_what_the_standard_says(size, first, last):
    whole = bytes(range(size))
    for header, wanted in (
        (f"bytes={first}-{last}", whole[first : last + 1]),
        (f"bytes={first}-", whole[first:]),
    ):
        if ranges.parsed(header) is None:
            assert last < first
        elif wanted:
            begin, end = ranges.within(header, size)
            assert whole[begin:end] == wanted
        else:
            with pytest.raises(ranges.Unsatisfiable):
                ranges.within(header, size)
