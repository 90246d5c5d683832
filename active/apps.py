from django.apps import AppConfig


class ActiveApp(AppConfig):
    name = "active"
