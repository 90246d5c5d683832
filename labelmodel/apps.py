from django.apps import AppConfig


class LabelModelApp(AppConfig):
    name = "labelmodel"

    def ready(self) -> None:
        from annotation.services.event_types import EVENT_TYPES
        from labelmodel.events import EVENTS

        EVENT_TYPES.update(EVENTS)
