from django.apps import AppConfig


class ActiveApp(AppConfig):
    name = "active"

    def ready(self) -> None:
        from active.events import EVENTS
        from active.reports import function_offers, round_column, round_fields, schema_reach, similar_field
        from active.services import archived, model_supply, similar_supply, weak_source
        from annotation.services.event_types import EVENT_TYPES

        EVENT_TYPES.update(EVENTS)
        function_offers.add()
        round_column.add()
        round_fields.add()
        similar_field.add()
        schema_reach.add()
        archived.add()
        weak_source.add()
        similar_supply.add()
        model_supply.add()
