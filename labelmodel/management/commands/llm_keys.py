"""`manage.py llm_keys`: how the keys of language models stand, and what people change there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from redis import RedisError

from annotation.errors import DomainError
from labelmodel.endpoints import usage
from labelmodel.endpoints.configured import Configured
from labelmodel.services import endpoint_keys
from labelmodel.services.llm_endpoints import configured, redis

_ACTIONS = ("put_back", "switch_off", "wake")


class Command(BaseCommand):
    help = "Show the endpoints of language models with their keys. With an endpoint and an action, change how one stands."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("endpoint", nargs="?", metavar="NAME", help="only this one")
        change = parser.add_mutually_exclusive_group()
        change.add_argument(
            "--put-back", metavar="KEY", help="use a key again that was switched off or cools down"
        )
        change.add_argument("--switch-off", metavar="KEY", help="use a key no more, until it is put back")
        change.add_argument("--wake", action="store_true", help="ask an endpoint again that is given a rest")
        parser.add_argument("--why", default="Switched off by hand.", help="kept with what is switched off")

    def handle(self, *args: Any, **options: Any) -> None:
        found = configured()
        if options["endpoint"] is not None and options["endpoint"] not in found:
            raise CommandError(
                f"There is no endpoint “{options['endpoint']}”. There are: {', '.join(found) or 'none'}."
            )
        chosen = [one for one in found.values() if options["endpoint"] in {None, one.name}]
        try:
            if any(options[name] for name in _ACTIONS):
                self._change(chosen, options)
            for one in chosen:
                self._show(one)
        except RedisError as error:
            raise CommandError(f"Redis cannot be asked: {error}") from error

    def _change(self, chosen: list[Configured], options: dict[str, Any]) -> None:
        if options["endpoint"] is None:
            raise CommandError("Say which endpoint is meant.")
        (one,) = chosen
        try:
            if options["wake"]:
                endpoint_keys.wake(by=None, endpoint=one.name)
            elif options["put_back"]:
                endpoint_keys.put_back(by=None, endpoint=one.name, key=options["put_back"])
            else:
                key, why = options["switch_off"], options["why"]
                endpoint_keys.switch_off(by=None, endpoint=one.name, key=key, why=why)
        except DomainError as error:
            raise CommandError(str(error)) from error

    def _show(self, one: Configured) -> None:
        stands = usage.endpoint_state(redis(), one.name)
        rest = f", rests until {_at(stands.cooling_until)}: {stands.why}" if stands.cooling_until else ""
        self.stdout.write(f"{one.name} ({one.endpoint.base_url}){rest}")
        for key in one.keys:
            state = usage.key_state(redis(), one.name, key)
            used = state.used
            self.stdout.write(
                f"  {state.id} {state.shown or '(no key)'}: {used.requests:,} requests, {used.errors:,} errors, "
                f"{used.tokens_in:,} + {used.tokens_out:,} tokens, {state.tokens_today:,} today; {_standing(state)}"
            )


def _standing(state: usage.KeyState) -> str:
    if state.off_at:
        return f"off since {_at(state.off_at)}: {state.off_why}"
    if state.cooling_until:
        return f"cools down until {_at(state.cooling_until)}: {state.why}"
    return f"on, {state.in_flight} on their way"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
