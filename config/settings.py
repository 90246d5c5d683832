"""Every setting, read from the environment once and checked at start. docs/operations.md lists them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from environs import Env, EnvValidationError
from whitenoise.compress import Compressor

from config.embedded.addresses import database_url, redis_url

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env(eager=False)

DATA_DIR: Path = Path(env.str("QUERENT_DATA_DIR", str(BASE_DIR / ".data"))).resolve()
DEBUG: bool = env.bool("DEBUG", False)
# Demo mode: the shared demo password works, from loopback only. `manage.py demo` sets it.
DEMO: bool = env.bool("QUERENT_DEMO", False)
SECRET_KEY: str = env.str("SECRET_KEY", "")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
HTTPS: bool = env.bool("HTTPS", not (DEMO or DEBUG))
TRUSTED_PROXIES: int = env.int("TRUSTED_PROXIES", 0)
METRICS_TOKEN: str = env.str("METRICS_TOKEN", "")
DATABASE_URL: str = env.str("DATABASE_URL", "") or database_url(DATA_DIR)
REDIS_URL: str = env.str("REDIS_URL", "") or redis_url(DATA_DIR)
CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL", "") or REDIS_URL
MAX_UPLOAD_MB: int = env.int("MAX_UPLOAD_MB", 4096)
# For how many days the uploaded files of imports that are done are kept; 0: for ever.
IMPORT_KEEP_DAYS: int = env.int("IMPORT_KEEP_DAYS", 0)
# So much a project's file may hold, unpacked.
MAX_RESTORE_MB: int = env.int("MAX_RESTORE_MB", 20480)
MAX_ROW_MB: int = env.int("MAX_ROW_MB", 5)
# The largest body with rows that programs send over REST.
MAX_PUSH_MB: int = env.int("MAX_PUSH_MB", 32)
MAX_MEDIA_MB: int = env.int("MAX_MEDIA_MB", 50)
# Whether webhooks may lead to internal addresses and go over plain HTTP; for how many days their messages are kept.
WEBHOOK_ALLOW_PRIVATE: bool = env.bool("WEBHOOK_ALLOW_PRIVATE", False)
WEBHOOK_KEEP_DAYS: int = env.int("WEBHOOK_KEEP_DAYS", 30)
# Whether endpoints of language models may be at internal addresses, and go there over plain HTTP.
LLM_ALLOW_PRIVATE: bool = env.bool("LLM_ALLOW_PRIVATE", False)
# The endpoints with their keys, by name.
LLM_ENDPOINTS: dict[str, Any] = cast("dict[str, Any]", env.json("LLM_ENDPOINTS", {}))
TOKEN_DAYS: int = env.int("TOKEN_DAYS", 90)
LOG_LEVEL: str = env.str("LOG_LEVEL", "INFO")
STORAGE_BACKEND: str = env.str("STORAGE_BACKEND", "django.core.files.storage.FileSystemStorage")
STORAGE_OPTIONS: dict[str, Any] = cast("dict[str, Any]", env.json("STORAGE_OPTIONS", {}))
# Where models lie that encoders may be made of, and whether workers may fetch others from their hub.
MODELS_DIR: Path = Path(env.str("MODELS_DIR", "") or DATA_DIR / "models")
MODEL_DOWNLOADS: bool = env.bool("MODEL_DOWNLOADS", False)

try:
    env.seal()
except EnvValidationError as error:
    lines = [
        f"  {name}: {'; '.join(messages)}"
        for name, messages in cast("dict[str, list[str]]", error.error_messages).items()
    ]
    raise ImproperlyConfigured(
        "These environment variables are missing or wrong:\n" + "\n".join(lines)
    ) from error


def _secret_key() -> str:
    """The configured key or, on one machine, a random one kept in the data folder."""
    if SECRET_KEY:
        return SECRET_KEY
    if "DATABASE_URL" in env_names() and not (DEMO or DEBUG):
        raise ImproperlyConfigured(
            "SECRET_KEY is missing: set it to 50 or more random characters, the same for web, worker and beat."
        )
    path = DATA_DIR / "secret-key"
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        draft = DATA_DIR / f".secret-key-{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(get_random_secret_key())
        # link() refuses to replace: processes that start at once agree on the first one's key, and never see half of it.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()


def env_names() -> set[str]:
    return {name for name, value in os.environ.items() if value}


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL must start with postgresql://, not {parts.scheme}://: Querent runs on PostgreSQL only."
        )
    query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "querent",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "application_name": "querent",
            "connect_timeout": 5,
            # The labeling loop's statements (services/hot.py) are prepared at first use. Behind a pooler that cannot
            # keep prepared statements, add ?prepare_threshold= to DATABASE_URL.
            "prepare_threshold": 0,
            # Planning for the values at hand would cost more than the statements themselves.
            "options": "-c plan_cache_mode=force_generic_plan",
            **{name: value or None for name, value in query.items()},
        },
    }


SECRET_KEY = _secret_key()
DATABASES = {"default": _database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "config.apps.ConfigApp",
    "active.apps.ActiveApp",
    "labelmodel.apps.LabelModelApp",
    "annotation.apps.AnnotationApp",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "pgtrigger",
    "pghistory",
    "knox",
    "axes",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "config.metrics.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "annotation.pages.middleware.HistoryMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# People
AUTH_USER_MODEL = "annotation.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    *(["config.demo_login.DemoBackend"] if DEMO else []),
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "projects"
LOGOUT_REDIRECT_URL = "login"
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=5)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "annotation.pages.account.locked_out"
AXES_IPWARE_PROXY_COUNT = TRUSTED_PROXIES or None
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # its tables stay empty: the counts are in the cache

# REST
KNOX_TOKEN_MODEL = "annotation.ApiToken"  # noqa: S105
# Our token model replaces knox's; its own migrations would still create a table for the one that we do not use.
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {
    "TOKEN_TTL": timedelta(days=TOKEN_DAYS),
    "TOKEN_PREFIX": "qt_",
    "TOKEN_MODEL": "annotation.ApiToken",
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "annotation.api.auth.TokenAuthentication",
        "annotation.api.auth.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["annotation.api.formats.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["annotation.api.formats.OrjsonParser"],
    "EXCEPTION_HANDLER": "annotation.api.problems.problem_response",
    "DEFAULT_SCHEMA_CLASS": "annotation.api.schema.QuerentSchema",
    # ?format= belongs to exports.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Querent",
    "VERSION": "1",
    "DESCRIPTION": "Label data, and fetch what was labeled. Errors are RFC 9457 problem documents with a stable `code`.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "OAS_VERSION": "3.1.0",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "annotation.api.schema.short_names",
    ],
    "ENUM_NAME_OVERRIDES": {
        "NextStatus": "annotation.api.queue.STATUSES",
        "HintKind": ["random", "constant", "fast"],
        "LineKind": ["same", "del", "ins", "gap"],
        "StepKind": "annotation.api.disputes.KINDS",
        "RoundStatus": "active.api.rounds.STATES",
        "RoundTrigger": "active.api.rounds.TRIGGERS",
        "SelectionKind": "active.api.rounds.KINDS",
        "ModelState": "active.api.models.STATES",
        "JobStatus": "active.api.simulations.STATES",
        "SnapshotFormat": "annotation.formats.registry.NAMES",
        "SnapshotRows": ["consensus", "annotations"],
        "SplitKind": ["random", "stratified", "group", "time"],
        "BulkActionName": ["requeue", "assign", "unassign", "retire", "tag", "untag"],
        "ImportFormat": "annotation.api.import_choices.FORMAT_NAMES",
        "Strategy": "active.names.STRATEGIES",
        "ItemState": ["open", "disputed", "resolved", "retired"],
        "FunctionVersionState": ["draft", "review", "canary", "active", "retired", "refused"],
        "FunctionRunKind": ["new", "all", "canary"],
        "FunctionRunTrigger": ["page", "rest", "change", "items"],
        "ImportStatus": ["draft", "waiting", "running", "done", "failed", "cancelled"],
    },
}

# Audit
PGHISTORY_APPEND_ONLY = True
PGHISTORY_MIDDLEWARE_METHODS = ("POST", "PUT", "PATCH", "DELETE")

# Files
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "files"
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 50 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2**20
STORAGES = {
    "default": {"BACKEND": STORAGE_BACKEND, "OPTIONS": STORAGE_OPTIONS},
    "staticfiles": {"BACKEND": "config.storage.StaticStorage"},
}
if DEBUG or "pytest" in sys.modules:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_USE_FINDERS = True


# Names are hashed everywhere, so the unhashed copies would only be compressed for nothing.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")


# Cache, sessions, broker
def _redis(url: str, *, offset: int) -> str:
    """The same server, `offset` databases further: clearing the cache must never clear the broker's queues."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        number = int(parse_qs(parts.query).get("db", ["0"])[0])
        return f"unix://{parts.path}?db={number + offset}"
    number = int(parts.path.strip("/") or 0)
    return parts._replace(path=f"/{number + offset}").geturl()


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _redis(REDIS_URL, offset=1),
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = 14 * 86400

# Safe by default
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 365 * 86400 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "annotation.pages.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "media-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Language and time
LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {"django.request": {"level": "ERROR"}, "axes": {"level": "WARNING"}},
}
