"""How the endpoints of language models stand, with their keys: what was used, what rests, what is switched off and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from redis import RedisError

from labelmodel.endpoints import usage
from labelmodel.endpoints.configured import Configured
from labelmodel.endpoints.keys import KeyLimits
from labelmodel.endpoints.usage import EndpointState, KeyState
from labelmodel.services.llm_endpoints import configured, redis


@dataclass(frozen=True, slots=True)
class Standing:
    """An endpoint with its keys, in the order in which they are configured. `projects` None: all may use it."""

    name: str
    base_url: str
    projects: list[int] | None
    limits: KeyLimits
    rests: EndpointState
    keys: list[KeyState]

    @property
    def usable(self) -> int:
        """Keys that a request may go with now."""
        return 0 if self.rests.cooling_until else sum(key.stands == "on" for key in self.keys)

    @property
    def words(self) -> str:
        """How it stands, for people."""
        if self.rests.cooling_until:
            return f"The endpoint failed several times and rests. {self.rests.why}"
        if self.usable:
            return f"{self.usable} of {len(self.keys)} keys can be used."
        if all(key.stands == "off" for key in self.keys):
            return "All keys are switched off."
        return "No key can be used now: they cool down, or are switched off."


def standings(*, project_id: int | None = None) -> list[Standing] | None:
    """All endpoints by name, or those that a project may use; None where Redis, which knows how they stand, is away."""
    found = [one for _, one in sorted(configured().items()) if project_id is None or one.serves(project_id)]
    try:
        return list(_standing(found))
    except RedisError:
        return None


def _standing(some: Iterable[Configured]) -> Iterable[Standing]:
    for one in some:
        yield Standing(
            one.name,
            one.endpoint.base_url,
            None if one.projects is None else sorted(one.projects),
            one.keys[0].limits,
            usage.endpoint_state(redis(), one.name),
            [usage.key_state(redis(), one.name, key) for key in one.keys],
        )
