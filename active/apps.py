from django.apps import AppConfig


class ActiveApp(AppConfig):
    name = "active"

    def ready(self) -> None:
        from active.events import EVENTS
        from active.reports import similar_field
        from annotation.services.event_types import EVENT_TYPES

        EVENT_TYPES.update(EVENTS)
        similar_field.add()
