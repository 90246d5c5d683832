"""How the parts are wired and run: settings, URLs, Celery, health, embedded services, demo."""
