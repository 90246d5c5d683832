"""The embedding store on a real database and real files."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage, storages
from django.db import connection

from active.models import EmbeddingShard, Encoder, LearningSettings, RoundShard
from active.services import embeddings, payloads, requests, shard_upkeep, storage
from active.services.encoder_versions import CannotEmbed
from annotation.importing.pictures import inspect
from annotation.importing.records import Limits
from annotation.models import Item, Project
from annotation.services import media, pushes
from annotation.services.pushes import Choices
from annotation.services.stored import StorageFault, keep
from tests.active import storages as broken
from tests.active.encoders.cases import load
from tests.active.learned import make_model
from tests.active.learning import add, make_learning
from tests.factories import make_item, make_project, make_schema

pytestmark = pytest.mark.django_db


def current(project: Project) -> Encoder:
    settings = LearningSettings.objects.filter(project=project).first() or LearningSettings(project=project)
    return embeddings.current(project=project, settings=settings)


def ids(project: Project) -> np.ndarray:
    return np.array(project.items.order_by("pk").values_list("pk", flat=True), dtype=np.int64)


def embedded(items: int = 30) -> tuple[Project, Encoder]:
    project, _ = make_learning(items)
    encoder = current(project)
    embeddings.embed_new(encoder=encoder)
    return project, encoder


def path_of(shard: EmbeddingShard) -> Path:
    return Path(default_storage.path(shard.file))


def kept(encoder: Encoder) -> set[str]:
    return set(storage.listed(f"embeddings/{encoder.project_id}/{encoder.version}"))


def test_every_item_has_a_vector_of_its_own() -> None:
    project, _ = make_learning(20)
    retired, gold = project.items.all()[:2]
    Item.objects.filter(pk=retired.pk).update(state="retired")
    Item.objects.filter(pk=gold.pk).update(role="holdout")
    encoder = current(project)

    done = embeddings.embed_new(encoder=encoder)

    found, rows = embeddings.gather(encoder, ids(project)[::-1])
    np.testing.assert_array_equal(done, ids(project))
    assert found.all()
    model = embeddings.fitted(encoder)
    given = [item.payload for item in project.items.order_by("-pk")]
    np.testing.assert_allclose(rows, model.encode(given), atol=1e-3)


def test_only_new_items_are_embedded() -> None:
    project, encoder = embedded()
    first = EmbeddingShard.objects.get()
    new = add(project, 5)

    done = embeddings.embed_new(encoder=encoder)

    assert done.tolist() == [item.pk for item in new]
    assert len(embeddings.embed_new(encoder=encoder)) == 0
    assert [shard.rows for shard in encoder.shards.order_by("pk")] == [30, 5]
    assert EmbeddingShard.objects.filter(pk=first.pk, sha256=first.sha256).exists()


def change(project: Project, text: str, *keys: str) -> list[int]:
    rows = [{"key": key, "payload": {"text": f"{text} {key}"}} for key in keys]
    report = pushes.push(
        project=project, by=project.created_by, rows=rows, choices=Choices(on_change="update", force=True)
    )
    assert report.counts["updated"] == len(keys)
    return sorted(row.id for row in report.rows if row.id)


def test_items_whose_content_was_changed_are_embedded_anew() -> None:
    project, encoder = embedded()
    before = embeddings.gather(encoder, ids(project))[1]
    changed = change(project, "tedious cold soup", "item-00003", "item-00007")

    done = embeddings.embed_new(encoder=encoder)

    assert done.tolist() == changed
    found, rows = embeddings.gather(encoder, ids(project))
    expected = embeddings.fitted(encoder).encode([item.payload for item in project.items.order_by("pk")])
    assert found.all()
    np.testing.assert_allclose(rows, expected, atol=1e-3)
    others = ~np.isin(ids(project), changed)
    np.testing.assert_array_equal(rows[others], before[others])
    assert (rows != before).any(axis=1).sum() == 2
    assert encoder.shards.get().rows == 30


def test_each_change_is_embedded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "SHARD_ROWS", 10)
    project, encoder = embedded()
    shards = set(encoder.shards.values_list("pk", flat=True))
    change(project, "tedious cold soup", "item-00003")
    change(project, "superb", "item-00025")
    embeddings.embed_new(encoder=encoder)

    assert len(embeddings.embed_new(encoder=encoder)) == 0
    assert len(shards & set(encoder.shards.values_list("pk", flat=True))) == 1
    assert embeddings.embed_new(encoder=encoder).tolist() == []
    again = change(project, "charming", "item-00025")
    assert embeddings.embed_new(encoder=encoder).tolist() == again


def test_a_change_is_known_after_small_shards_were_put_together() -> None:
    project, encoder = embedded(4)
    for _ in range(8):
        add(project, 3)
        embeddings.embed_new(encoder=encoder)
    change(project, "tedious cold soup", "item-00003", "item-00009")
    embeddings.embed_new(encoder=encoder)
    shard_upkeep.tidy(project_id=project.pk)

    assert encoder.shards.count() == 1
    assert len(embeddings.embed_new(encoder=encoder)) == 0


def test_a_round_that_scores_a_shard_goes_on_with_the_one_in_its_place() -> None:
    project, encoder = embedded()
    round = requests.request(project=project, by=project.created_by)
    scored = RoundShard.objects.create(round=round, shard=encoder.shards.get())
    change(project, "tedious cold soup", "item-00003")

    embeddings.embed_new(encoder=encoder)

    scored.refresh_from_db()
    assert scored.shard == encoder.shards.get()


def test_shards_have_a_largest_size_in_rows_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "SHARD_ROWS", 12)

    _, encoder = embedded()

    assert [shard.rows for shard in encoder.shards.order_by("first_item")] == [12, 12, 6]
    monkeypatch.setattr(embeddings, "SHARD_ROWS", 50_000)
    assert embeddings.rows_of_a_shard(256) == 50_000
    assert embeddings.rows_of_a_shard(16_384) == 2048


def test_unknown_items_are_not_found() -> None:
    project, encoder = embedded()

    found, rows = embeddings.gather(encoder, np.array([0, ids(project)[3], 2**50]))

    assert found.tolist() == [False, True, False]
    assert not rows[[0, 2]].any()
    assert embeddings.gather(None, np.array([1]))[1].shape == (1, 0)


def test_what_is_done_when_the_disk_is_full_stays_done(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(embeddings, "SHARD_ROWS", 10)
    project, _ = make_learning(30)
    encoder = current(project)
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.active.storages.FullStorage"}}
    broken.FullStorage.room = 1

    with pytest.raises(StorageFault, match="No space left"):
        embeddings.embed_new(encoder=encoder)
    broken.FullStorage.room = 9

    assert embeddings.embed_new(encoder=encoder).tolist() == ids(project)[10:].tolist()


def damaged(shard: EmbeddingShard) -> None:
    data = bytearray(path_of(shard).read_bytes())
    data[-3] ^= 8
    path_of(shard).write_bytes(data)


def cut(shard: EmbeddingShard) -> None:
    path_of(shard).write_bytes(path_of(shard).read_bytes()[:-9])


def removed(shard: EmbeddingShard) -> None:
    path_of(shard).unlink()


@pytest.mark.parametrize("harm", [damaged, cut, removed])
def test_a_lost_shard_is_made_again_and_the_reason_is_told(harm: Any) -> None:
    project, encoder = embedded()
    _, before = embeddings.gather(encoder, ids(project))
    harm(encoder.shards.get())

    found, _ = embeddings.gather(encoder, ids(project))
    embeddings.embed_new(encoder=encoder)

    assert not found.any()
    np.testing.assert_array_equal(embeddings.gather(encoder, ids(project))[1], before)
    encoder.refresh_from_db()
    (told,) = encoder.options["rebuilt"]
    assert told["rows"] == 30
    assert any(word in told["reason"] for word in ("damaged", "cut", "gone"))
    assert len(embeddings.embed_new(encoder=encoder)) == 0


def test_a_storage_that_is_away_is_told_and_nothing_is_forgotten(settings: Any) -> None:
    project, encoder = embedded()
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.active.storages.AwayStorage"}}

    for use in (
        lambda: embeddings.gather(encoder, ids(project)),
        lambda: embeddings.embed_new(encoder=encoder),
        lambda: storage.read(encoder.file, encoder.sha256),
    ):
        with pytest.raises(StorageFault, match="no route to host"):
            use()
    assert encoder.shards.count() == 1


def test_storages_without_paths_are_read_through_a_cache(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.active.storages.BucketStorage"}}
    project, encoder = embedded()
    _, before = embeddings.gather(encoder, ids(project))
    copy = settings.DATA_DIR / "cache" / "shards" / encoder.shards.get().sha256

    copy.write_bytes(copy.read_bytes()[:-9])
    found, rows = embeddings.gather(encoder, ids(project))

    assert found.all()
    np.testing.assert_array_equal(rows, before)
    assert storages["default"].exists(encoder.shards.get().file)


def test_the_cache_keeps_what_was_used_last(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.active.storages.BucketStorage"}}
    monkeypatch.setattr(storage, "CACHE_BYTES", 1)

    monkeypatch.setattr(embeddings, "SHARD_ROWS", 15)
    project, encoder = embedded()

    found, _ = embeddings.gather(encoder, ids(project))

    assert found.all()
    folder = settings.DATA_DIR / "cache" / "shards"
    first, second = (folder / shard.sha256 for shard in encoder.shards.order_by("first_item"))
    assert (first.exists(), second.exists()) == (False, True)


def test_small_shards_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    project, encoder = embedded(4)
    for _ in range(8):
        add(project, 3)
        embeddings.embed_new(encoder=encoder)
    gone = project.items.first()
    _, before = embeddings.gather(encoder, ids(project))
    project.items.filter(pk=gone.pk).delete()

    shard_upkeep.tidy(project_id=project.pk)

    (shard,) = encoder.shards.all()
    assert (shard.rows, shard.last_item) == (27, ids(project)[-1])
    assert kept(encoder) == {encoder.file, shard.file}
    np.testing.assert_array_equal(embeddings.gather(encoder, ids(project))[1], before[1:])


def test_files_of_workers_that_died_before_the_row_are_removed() -> None:
    project, encoder = embedded()
    left = keep(f"embeddings/{project.pk}/{encoder.version}/1-aa.shard", io.BytesIO(b"half"))

    shard_upkeep.tidy(project_id=project.pk)

    assert kept(encoder) == {encoder.file, encoder.shards.get().file}
    assert not default_storage.exists(left)


def test_encoders_that_are_not_used_any_more_go(monkeypatch: pytest.MonkeyPatch) -> None:
    project, first = embedded()
    for dimension in (5, 6):
        LearningSettings.objects.update(encoder="text", encoder_options={"dimension": dimension})
        embeddings.embed_new(encoder=current(project))

    shard_upkeep.tidy(project_id=project.pk)

    assert [encoder.dimension for encoder in project.encoders.order_by("version")] == [5, 6]
    assert not kept(first)
    assert all(len(kept(encoder)) == 2 for encoder in project.encoders.all())


def test_an_encoder_that_a_model_rests_on_stays_without_its_shards() -> None:
    project, first = embedded()
    make_model(project, encoder=first)
    for dimension in (5, 6):
        LearningSettings.objects.update(encoder="text", encoder_options={"dimension": dimension})
        embeddings.embed_new(encoder=current(project))

    shard_upkeep.tidy(project_id=project.pk)

    assert not first.shards.exists()
    assert kept(first) == {first.file}


def test_the_encoder_stays_while_nothing_changes() -> None:
    project, encoder = embedded()
    add(project, 5)

    assert current(project) == encoder
    assert encoder.sha256 == embeddings.fitted(encoder).fingerprint
    assert (encoder.kind, encoder.state, encoder.options["sample"]) == ("text", "ready", 30)


def test_the_encoder_is_fitted_anew_where_its_file_is_lost_or_the_fields_change() -> None:
    project, encoder = embedded()
    default_storage.delete(encoder.file)
    embeddings.fitted.__globals__["_fitted"].cache_clear()

    again = current(project)
    make_schema(project, fields=[{"name": "other", "type": "text"}])
    other = current(project)

    assert [again.version, other.version] == [2, 3]
    assert again.sha256 != ""
    assert other.options["wanted"]["fields"] == ["other"]


def test_the_encoder_is_fitted_anew_for_many_more_items() -> None:
    project, encoder = embedded(30)

    add(project, 371)

    assert current(project).version == encoder.version + 1


def test_what_learns_nothing_from_the_sample_stays() -> None:
    project = make_project()
    make_schema(project, fields=[{"name": "v", "type": "hidden"}])
    rows = np.random.default_rng(0).normal(size=(450, 9)).tolist()
    items = [make_item(project, f"item-{n}", {"v": row}) for n, row in enumerate(rows)]
    Item.objects.bulk_create(items[:10])
    encoder = current(project)

    Item.objects.bulk_create(items[10:])

    assert (encoder.kind, encoder.dimension) == ("vectors", 9)
    assert current(project) == encoder


def test_what_dead_workers_left_is_cleared_away() -> None:
    project, _ = make_learning(10)
    Encoder.objects.create(project=project, version=1, kind="text")

    encoder = current(project)

    assert [(one.version, one.state) for one in project.encoders.all()] == [(1, "failed"), (2, "ready")]
    assert encoder.version == 2


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("torch_pictures", {"path": "/etc/passwd"}, "no model '/etc/passwd'"),
        ("torch_pictures", {"path": "../../secret.pt"}, "no model"),
        ("huggingface", {"model": "config"}, "no model 'config'"),
        ("sentences", {"model": "a/b", "download": True}, "not downloaded here"),
        ("combined", {"parts": [{"kind": "torch_pictures", "fields": ["a"], "options": {"path": "/x"}}]}, "no model '/x'"),
        ("text", {"dimension": 0}, "1 to 4,096 dimensions"),
        ("vectors", {"fields": []}, "No vectors have been imported"),
        ("oracle", {}, "no encoder 'oracle'"),
    ],
)  # fmt: skip
def test_encoders_that_cannot_be_made_say_why(kind: str, options: dict[str, Any], told: str) -> None:
    project, _ = make_learning(5, encoder=kind, encoder_options=options)

    with pytest.raises(CannotEmbed, match=told):
        current(project)
    assert not project.encoders.exclude(state="failed").exists()


def test_models_are_found_in_the_operators_folder(settings: Any, tmp_path: Path) -> None:
    from active.services.encoder_versions import permitted

    settings.MODELS_DIR = tmp_path
    (tmp_path / "mini").mkdir()

    assert permitted({"model": "mini", "batch": 3}) == {"model": str(tmp_path / "mini"), "batch": 3}
    assert permitted({"model": "owner/name"}) == {"model": "owner/name"}


def test_pictures_are_read_from_the_storage() -> None:
    project = make_project()
    make_schema(project, fields=[{"name": "photo", "type": "image"}])
    names = [f"{shape}-{n}.png" for shape in ("disc", "stripes") for n in range(6)]
    limits = Limits()
    pictures = [inspect(name, load(name) or b"", limits) for name in names]
    assert media.keep(project=project, dataset=None, pictures=pictures) == {}
    Item.objects.bulk_create(make_item(project, name, {"photo": name}) for name in [*names, "lost.png"])

    encoder = current(project)
    embeddings.embed_new(encoder=encoder)

    _, rows = embeddings.gather(encoder, ids(project))
    assert encoder.kind == "pictures"
    assert rows[0] @ rows[1] > rows[0] @ rows[7]
    assert not rows[-1].any()


def test_large_payloads_are_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    project, _ = make_learning(10)
    monkeypatch.setattr(payloads, "MOST_BYTES", 350)
    monkeypatch.setattr(payloads, "MOST_ROWS", 4)
    item = project.items.all()[5]
    item.payload = {"text": np.random.default_rng(0).bytes(3000).hex()}
    item.save()

    parts = list(payloads.of_items(ids(project)))

    assert np.concatenate([part.items for part in parts]).tolist() == ids(project).tolist()
    assert max(len(part.items) for part in parts) <= 4
    assert [part.items.tolist() for part in parts if item.payload in part.contents] == [[item.pk]]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_embed_every_item_once() -> None:
    project, _ = make_learning(40)

    def work(_: int) -> int:
        try:
            return len(embeddings.embed_new(encoder=current(project)))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(work, range(2)))

    assert sorted(done) == [0, 40]
    assert project.encoders.count() == EmbeddingShard.objects.count() == 1
