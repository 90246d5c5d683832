"""The images of a batch: those that came in a zip, those that the web has, those that the project has already."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from annotation.importing.fetching import IS_URL, FetchFault, name_of
from annotation.importing.pictures import ENDINGS, Picture
from annotation.importing.records import Limits, Refused
from annotation.importing.shaping import Shaped
from annotation.models import Dataset, Media
from annotation.services import media

_THREADS = 8


class Pictures:
    """Sees to it that every image that a row names is in the project before the row is."""

    def __init__(
        self,
        dataset: Dataset,
        limits: Limits,
        fetch: Callable[[str, Limits], Picture],
        beat: Callable[[], None],
    ) -> None:
        self._dataset, self._limits, self._fetch, self._beat = dataset, limits, fetch, beat

    def settle(self, rows: list[Shaped]) -> tuple[list[Shaped], list[tuple[int, Refused]]]:
        """The rows whose images are in the project, naming them by their names there; and the others, refused."""
        if not any(shaped.picture or shaped.images for shaped in rows):
            return rows, []
        faults = self._keep([shaped.picture for shaped in rows if shaped.picture])
        names = self._names_of_web_images([value for shaped in rows for _, value in shaped.images])
        names |= self._names_of_project_images([value for shaped in rows for _, value in shaped.images])
        fresh, refused = [], []
        for shaped in rows:
            found = _settled(shaped, names, faults)
            if isinstance(found, Refused):
                refused.append((shaped.row, found))
            else:
                fresh.append(found)
        return fresh, refused

    def _keep(self, pictures: list[Picture]) -> dict[str, str]:
        self._beat()
        return media.keep(project=self._dataset.project, dataset=self._dataset, pictures=pictures)

    def _names_of_web_images(self, values: list[str]) -> dict[str, str | Refused]:
        """For each address the name of its image here, fetched now or by an earlier import, or why there is none."""
        urls = list(dict.fromkeys(value for value in values if IS_URL.match(value)))
        stems = {name_of(url): url for url in urls}
        names: dict[str, str | Refused] = {
            stems[name.rpartition(".")[0]]: name
            for name in self._present([f"{stem}.{ending}" for stem in stems for ending in ENDINGS])
        }
        missing = [url for url in urls if url not in names]
        with ThreadPoolExecutor(_THREADS) as pool:
            for url, found in zip(missing, pool.map(self._fetched, missing), strict=True):
                names[url] = found if isinstance(found, Refused) else self._kept(found)
        return names

    def _fetched(self, url: str) -> Picture | Refused:
        try:
            return self._fetch(url, self._limits)
        except FetchFault as fault:
            return Refused(str(fault))

    def _kept(self, picture: Picture) -> str | Refused:
        fault = self._keep([picture]).get(picture.name)
        return Refused(fault) if fault else picture.name

    def _names_of_project_images(self, values: list[str]) -> dict[str, str | Refused]:
        names = list(dict.fromkeys(value for value in values if not IS_URL.match(value)))
        there = self._present(names)
        return {
            name: name
            if name in there
            else Refused(f"The project has no image '{name[:100]}'. Upload it first.")
            for name in names
        }

    def _present(self, names: list[str]) -> set[str]:
        if not names:
            return set()
        found = Media.objects.filter(project_id=self._dataset.project_id, name__in=names)
        return set(found.values_list("name", flat=True))


def _settled(shaped: Shaped, names: dict[str, Any], faults: dict[str, str]) -> Shaped | Refused:
    if shaped.picture and shaped.picture.name in faults:
        return Refused(faults[shaped.picture.name])
    changes = {}
    for field, value in shaped.images:
        name = names[value]
        if isinstance(name, Refused):
            return Refused(name.message, field)
        changes[field] = name
    body = shaped.body
    if any(name != value for (_, value), name in zip(shaped.images, changes.values(), strict=True)):
        body = orjson.dumps({**orjson.loads(body), **changes}, option=orjson.OPT_SORT_KEYS)
    # Without the image's bytes: they are in the storage now, and the batch is still to be sent.
    return shaped._replace(body=body, picture=None)
