from django.apps import AppConfig


class ConfigApp(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Make tasks find their broker in every process, also those that never load the URL map."""
        from config import celery  # noqa: F401
