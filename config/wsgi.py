"""WSGI entry point: `granian --interface wsgi config.wsgi:application`."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
# All pages and routes at once, not at the first request. What is loaded now stays for good: without this, Python looks
# through all of it for cycles again and again, a tenth of a second each time, while somebody waits.
get_resolver().url_patterns  # noqa: B018
gc.collect()
gc.freeze()
