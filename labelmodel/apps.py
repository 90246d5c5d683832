from django.apps import AppConfig


class LabelModelApp(AppConfig):
    name = "labelmodel"
