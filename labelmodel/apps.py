from django.apps import AppConfig


class LabelModelApp(AppConfig):
    name = "labelmodel"

    def ready(self) -> None:
        from annotation.services.event_types import EVENT_TYPES
        from labelmodel.events import EVENTS
        from labelmodel.further_kinds import LOADERS
        from labelmodel.reports import function_offers, history, schema_reach
        from labelmodel.services import archived, llm_endpoints, snapshot_functions, tags_supply

        EVENT_TYPES.update(EVENTS)
        # Whoever starts with a wrong one is told at once.
        llm_endpoints.configured()
        LOADERS.append(llm_endpoints.register)
        tags_supply.add()
        function_offers.add()
        schema_reach.add()
        archived.add()
        snapshot_functions.add()
        history.add()
