"""Answers, predictions and skips that come with a batch of rows: kept as if people had given them here.

What comes again is known by its nonce and changes nothing. Whoever answered an item twice where it comes from has revised the
first answer; what somebody said here stays.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.utils import timezone

from annotation.errors import DomainError
from annotation.importing import copy_text
from annotation.importing.records import FileFault, Refused
from annotation.models import Comment, Dataset, GoldQuestion
from annotation.services import consensus, gold, hot, predictions, queue
from annotation.services import import_answers_sql as sql
from annotation.services.import_batches import raw_cursor
from annotation.services.import_fitting import Fitter
from annotation.services.import_people import People
from annotation.services.import_there import There, stays
from annotation.services.import_told import Heard, Told
from annotation.services.import_voices import Expected, Reader, SpokenBatch, Voice, kept_types
from annotation.services.readings import form_of

IMPORT = "import"
# So many rows with answers in one transaction: while it lasts, their authors cannot answer here.
BATCH_ROWS = 5_000
_HELD = frozenset({"active", "assigned"})


@dataclass(slots=True)
class _Row:
    """An annotation to be written."""

    id: int
    voice: Voice
    item: int
    user: int
    at: datetime
    supersedes: int | None
    # The last one of this person, which their turn names.
    stands: bool = True


class Answers:
    """What comes with the items of one import."""

    def __init__(self, dataset: Dataset, options: dict[str, Any]) -> None:
        assert dataset.project.schema_id, "answers are imported under questions"
        self._dataset, self._project = dataset, dataset.project
        self._schema_id = dataset.project.schema_id
        self.form = form_of(self._schema_id)
        fitter = Fitter(
            self.form,
            questions=options["questions"],
            labels=options["labels"],
            keep=options["unfit"] == "keep",
        )
        platform = options["platform"]
        self._reader = Reader(self._project.pk, fitter, platform=platform, author=options["author"])
        self._people = People(dataset, options["authors"] or {}, platform)
        self._skips = options["skipped"] == "skip"
        self._gold = options["gold"] == "questions"

    def read(self, batch: SpokenBatch) -> Heard:
        """What the batch says, made ready outside of any transaction."""
        heard = Heard()
        for key, rows in batch.spoken.items():
            for row, told in self._reader.voices(key, rows):
                heard.add(row, told)
            for row, expected in self._reader.expected(key, rows):
                heard.add_expected(row, expected)
            for _, spoken in rows:
                heard.left_out.update(spoken.left_out)
                heard.comments += ((key, author, body) for author, body in spoken.comments)
        self._people.settle(heard.authors())
        return heard

    def lock(self, heard: Heard) -> None:
        """Hold off what these authors do here for the rest of the transaction."""
        if self._gold and any(voice.said.as_ == "truth" for voice in heard.voices):
            queue.lock_members(project_id=self._project.pk)
        users = sorted({user for name in heard.authors() if (user := self._people.of(name))})
        hot.rows(sql.LOCK_AUTHORS, {"project": self._project.pk, "users": users})

    def keep(self, heard: Heard, *, fresh: set[str], refused: set[str]) -> Told:
        """Write what was said of the items with these keys (`fresh` are new), but for those that were refused."""
        told = Told(left_out=Counter(heard.left_out), refused=list(heard.notes))
        told.counts["answers_refused"] += heard.unfit
        told.counts["predictions_refused"] += heard.unexpected
        voices = [voice for voice in heard.voices if voice.key not in refused]
        told.counts["answers_refused"] += len(heard.voices) - len(voices)
        expected = [one for one in heard.expected if one.key not in refused]
        keys = (
            {voice.key for voice in voices}
            | {one.key for one in expected}
            | {key for key, *_ in heard.comments}
        )
        items = self._items(keys - refused, fresh)
        old = sorted(item for key, item in items.items() if key not in fresh)
        self._answer(told, [voice for voice in voices if voice.said.as_ != "skip"], items, old)
        self._skip(told, [voice for voice in voices if voice.said.as_ == "skip"], items)
        self._predict(told, expected, items, old)
        self._comment(told, [one for one in heard.comments if one[0] in fresh], items)
        return told

    def _items(self, keys: set[str], fresh: set[str]) -> dict[str, int]:
        """The ids of the items with these keys, held for the rest of the transaction."""
        locked = hot.rows(sql.LOCK_ITEMS, {"project": self._project.pk, "keys": sorted(keys - fresh)})
        found = hot.rows(sql.FIND_ITEMS, {"project": self._project.pk, "keys": sorted(keys & fresh)})
        return {row.key: row.id for row in [*locked, *found]}

    def _answer(self, told: Told, voices: list[Voice], items: dict[str, int], old: list[int]) -> None:
        truths = [voice for voice in voices if self._gold and voice.said.as_ == "truth"]
        others = [voice for voice in voices if not (self._gold and voice.said.as_ == "truth")]
        there = There(old)
        rows = self._rows(told, others, items, there)
        _copy(rows, self._project.pk, self._schema_id)
        self._count(told, rows, there)
        told.counts["answers"] += len(rows)
        told.kept.update(kept_types(row.voice for row in rows))
        if truths:
            self._know(told, truths, items)

    def _rows(self, told: Told, voices: list[Voice], items: dict[str, int], there: There) -> list[_Row]:
        """The annotations to write, each person's answers to an item in the order of time."""
        by_turn: dict[tuple[int, int], list[Voice]] = defaultdict(list)
        for voice in voices:
            user = self._people.of(voice.author)
            if user is None:
                told.left_out["author"] += 1
            elif voice.key in items:
                by_turn[items[voice.key], user].append(voice)
        now = timezone.now()
        found = []
        for (item, user), said in sorted(by_turn.items(), key=lambda pair: pair[0]):
            # Sorting is stable: answers without a time stay in the order of the file.
            said.sort(key=lambda voice: voice.at or now)
            found += self._revisions(told, said, item, user, there, now)
        ids = iter(hot.rows(sql.IDS, {"count": len(found)}))
        last: dict[tuple[int, int], _Row] = {}
        for row in found:
            row.id = next(ids).nextval
            if (before := last.get((row.item, row.user))) is not None:
                row.supersedes, before.stands = before.id, False
            last[row.item, row.user] = row
        return found

    def _revisions(
        self, told: Told, said: list[Voice], item: int, user: int, there: There, now: datetime
    ) -> list[_Row]:
        """What is new of one person's answers to one item."""
        found: list[_Row] = []
        stands = there.standing.get((item, user))
        before = None if stands is None else stands.answer
        for voice in said:
            if voice.nonce in there.nonces.get((item, user), ()) or (
                before == voice.values and (found or stands) and voice.said.kept is None
            ):
                told.counts["answers_unchanged"] += 1
                continue
            if stands is not None and (reason := stays(stands, voice, now)):
                told.counts["answers_refused"] += 1
                told.refused.append((voice.row, Refused(f"{voice.author} {reason}", "")))
                continue
            supersedes = stands.id if stands else None
            found.append(_Row(0, voice, item, user, voice.at or now, supersedes))
            before = voice.values
        return found

    def _count(self, told: Told, rows: list[_Row], there: There) -> None:
        """Turns, members' and items' counters, and pending consensus follow from the annotations."""
        if not rows:
            return
        _keep_turns([row for row in rows if row.stands], self._project.pk)
        firsts = [row for row in rows if row.supersedes is None]
        by_user = Counter(row.user for row in firsts)
        scope = {"project": self._project.pk}
        users = sorted(by_user)
        hot.rows(sql.ANSWERED, {**scope, "user": users, "count": [by_user[user] for user in users]})
        self._count_items(told, rows, there)
        consensus.mark_due(project_id=self._project.pk, items=sorted({row.item for row in rows}))

    def _count_items(self, told: Told, rows: list[_Row], there: There) -> None:
        plus: Counter[int] = Counter()
        freed: Counter[int] = Counter()
        votes: dict[int, list[dict[str, list[str]]]] = defaultdict(list)
        for row in rows:
            plus[row.item] += row.supersedes is None and row.voice.said.counts
            freed[row.item] += row.supersedes is None and there.turns.get((row.item, row.user)) in _HELD
            if row.stands and row.voice.said.counts:
                votes[row.item].append(self.form.votes(row.voice.values))
        items = sorted(plus)
        doubts = [
            None if item in there.old else consensus.doubt_of(votes[item]) if votes[item] else 0.0
            for item in items
        ]
        counted = {
            "item": items,
            "plus": [plus[item] for item in items],
            "freed": [freed[item] for item in items],
            "doubt": doubts,
        }
        for item in hot.rows(sql.COUNT, counted):
            if not item.judged and item.answers >= item.wanted > 0 and item.answers > 1:
                place = consensus.settle(item_id=item.id, schema_id=self._schema_id)
                told.open_again += [place] if place else []

    def _know(self, told: Told, truths: list[Voice], items: dict[str, int]) -> None:
        """Ground truth becomes gold questions; those that are some already stay as they are."""
        latest = {voice.key: voice for voice in truths if voice.key in items}
        ids = [items[key] for key in latest]
        known = set(GoldQuestion.objects.filter(item__in=ids).values_list("item_id", flat=True))
        fresh = [voice for key, voice in latest.items() if items[key] not in known]
        told.counts["answers_unchanged"] += len(truths) - len(fresh)
        for start in range(0, len(fresh), gold.MOST_AT_ONCE):
            part = fresh[start : start + gold.MOST_AT_ONCE]
            given = [gold.Known(answer=voice.values, key=voice.key) for voice in part]
            try:
                kept = gold.put(project=self._project, by=self._dataset.created_by, items=given)
            except DomainError as error:
                raise FileFault(f"Ground truth cannot become gold questions: {error}") from error
            told.counts["gold"] += kept.created
            for fault in kept.faults:
                told.counts["answers_refused"] += 1
                told.refused.append(
                    (part[int(fault.path[1])].row, Refused(fault.message, str(fault.path[-1])))
                )

    def _skip(self, told: Told, voices: list[Voice], items: dict[str, int]) -> None:
        turns = {
            (items[voice.key], user): voice.at or timezone.now()
            for voice in voices
            if voice.key in items and (user := self._people.of(voice.author))
        }
        if not self._skips or not turns:
            told.left_out["skipped"] += len(voices)
            return
        columns = {
            "item": [item for item, _ in turns],
            "annotator": [user for _, user in turns],
            "at": list(turns.values()),
        }
        made = len(hot.rows(sql.SKIP, {"project": self._project.pk, **columns}))
        # Whoever answered as well has not skipped it.
        answered = int(hot.one(sql.ANSWERED_AS_WELL, columns).count)
        told.counts["skipped"] += made
        told.left_out["skipped"] += answered
        told.counts["answers_unchanged"] += len(voices) - made - answered

    def _predict(self, told: Told, expected: list[Expected], items: dict[str, int], old: list[int]) -> None:
        there = {
            (row.item_id, row.question, row.source, row.version): (orjson.loads(row.value), row.score)
            for row in (hot.rows(sql.PREDICTED, {"items": old}) if old and expected else [])
        }
        by_version: dict[tuple[str, str], list[predictions.Predicted]] = defaultdict(list)
        for one in expected:
            item = items.get(one.key)
            if item and there.get((item, one.question, one.source, one.version)) != (
                one.value,
                one.confidence,
            ):
                said = predictions.Predicted(item, one.question, one.value, one.confidence, one.distribution)
                by_version[one.source, one.version].append(said)
        for (source, version), found in sorted(by_version.items()):
            told.counts["predictions"] += predictions.keep(
                project_id=self._project.pk,
                schema_id=self._schema_id,
                found=found,
                source=source,
                version=version,
                kind=IMPORT,
            )

    def _comment(self, told: Told, comments: list[tuple[str, str, str]], items: dict[str, int]) -> None:
        """Only with items that are new: comments have nothing by which they are known when they come again."""
        made = [
            Comment(
                item_id=items[key],
                author_id=self._people.of(author) or self._dataset.created_by_id,
                body=body[:5000].replace("\0", ""),
            )
            for key, author, body in comments
            if key in items and body.strip()
        ]
        Comment.objects.bulk_create(made)
        told.counts["comments"] += len(made)


def _copy(rows: list[_Row], project_id: int, schema_id: int) -> None:
    project, schema = str(project_id).encode(), str(schema_id).encode()
    with raw_cursor() as cursor, cursor.copy(sql.COPY) as copy:
        for start in range(0, len(rows), 500):
            copy.write(b"".join(_line(row, project, schema) for row in rows[start : start + 500]))


def _line(row: _Row, project: bytes, schema: bytes) -> bytes:
    voice, said = row.voice, row.voice.said
    suggested = None if said.suggested is None else orjson.dumps(said.suggested)
    return copy_text.row(
        b"%d" % row.id,
        project,
        b"%d" % row.item,
        b"%d" % row.user,
        schema,
        copy_text.json(voice.answer),
        voice.nonce.encode(),
        b"\\N" if voice.seconds is None else repr(voice.seconds).encode(),
        said.origin.encode(),
        b"\\N" if suggested is None else copy_text.json(suggested),
        b"\\N" if said.followed is None else b"t" if said.followed else b"f",
        b"\\N" if voice.kept is None else copy_text.json(voice.kept),
        b"\\N" if row.supersedes is None else b"%d" % row.supersedes,
        row.at.isoformat().encode(),
    )


def _keep_turns(rows: list[_Row], project_id: int) -> None:
    columns = {
        "item": [row.item for row in rows],
        "annotator": [row.user for row in rows],
        "state": ["submitted" if row.voice.said.counts else "set_aside" for row in rows],
        "at": [row.at for row in rows],
        "annotation": [row.id for row in rows],
    }
    hot.rows(sql.TURN, {"project": project_id, **columns})
