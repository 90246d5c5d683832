"""What an item says of its work to those who must not know whether it is a gold question."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.models import Item


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an item is."""

    state: str
    wanted: int
    answers: int
    open_slots: int


def standing(item: Item, *, gold: bool, browse: bool = True, answered: bool = False) -> Standing:
    """How far an item is, as one person may see it: a gold question wants no answers and has had any number of them, but
    says what an ordinary item would.

    `gold`: whether gold questions may be spoken of; `browse`: whether the person sees what others said; `answered`:
    whether the person has answered it.
    """
    if gold or item.wanted > 0 or item.state == Item.State.RETIRED:
        return Standing(item.state, item.wanted, item.answers, item.open_slots)
    wanted = item.project.annotations_per_item
    least, most = int(answered), wanted if answered else wanted - 1
    answers = wanted if browse else max(least, min(most, item.answers))
    state = Item.State.RESOLVED if answers == wanted else Item.State.OPEN
    return Standing(state.value, wanted, answers, wanted - answers)
