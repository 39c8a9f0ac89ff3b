"""Django's settings. Everything that differs between two places comes from ``place.py``; the rest is the product."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from openinfusion.web.place import Place, place_from_environment
from openinfusion.web.postgresql import read_address

PLACE: Place = place_from_environment()
HERE = Path(__file__).parent

SECRET_KEY = PLACE.secret_key()
DEBUG = False
ALLOWED_HOSTS = sorted({PLACE.host, "localhost", "127.0.0.1"})
CSRF_TRUSTED_ORIGINS = [PLACE.origin]
ROOT_URLCONF = "openinfusion.web.urls"
WSGI_APPLICATION = "openinfusion.web.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "openinfusion.web.design",
    "openinfusion.web.accounts",
    "openinfusion.web.api",
    "openinfusion.web.audit",
    "openinfusion.web.changes",
    "openinfusion.web.claims",
    "openinfusion.web.consensus",
    "openinfusion.web.drafts",
    "openinfusion.web.fleet",
    "openinfusion.web.health",
    "openinfusion.web.imports",
    "openinfusion.web.insight",
    "openinfusion.web.library",
    "openinfusion.web.network",
    "openinfusion.web.people",
    "openinfusion.web.rollouts",
    "openinfusion.web.national",
    "openinfusion.web.workbench",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "openinfusion.web.design.headers.security_headers",
    "openinfusion.web.api.problems.api_tells_problems",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "openinfusion.web.design.characters.no_character_nul",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "openinfusion.web.accounts.sessions.sessions_end",
    "openinfusion.web.accounts.gate.everybody_signs_in",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "openinfusion.web.design.problems.tell_problems",
]

_CONTEXT = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "openinfusion.web.accounts.context.of_accounts",
    "openinfusion.web.changes.context.waiting_here",
    "openinfusion.web.design.context.of_every_page",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {"environment": "openinfusion.web.design.pages.environment", "context_processors": _CONTEXT},
    },
    # Only for what django-allauth draws by itself and we have no page of our own for.
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": _CONTEXT},
    },
]


def _database(place: Place) -> dict[str, Any]:
    """Return SQLite in the folder, each commit on the disk before it is told, or the PostgreSQL that a file names."""
    if place.database is None:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": place.folder / "web.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            },
        }
    parts = read_address(place.database)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": parts,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database(PLACE)}

# --- People ----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3 * 24 * 60 * 60
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_TEMPLATE_EXTENSION = "jinja"
ACCOUNT_REAUTHENTICATION_METHODS = {"password", "mfa", "socialaccount"}
ACCOUNT_ADAPTER = "openinfusion.web.accounts.adapter.Accounts"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = False
# A trust may come from one address (its proxy), so that a bound for an address alone must be wide.
ACCOUNT_RATE_LIMITS = {
    "change_password": "5/m/user",
    "login": "300/m/ip",
    "login_failed": "5/5m/key,100/5m/ip",
    "reauthenticate": "30/m/user",
    "reset_password": "60/m/ip,5/h/key",
    "reset_password_from_key": "60/m/ip",
}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if PLACE.is_https else 0
MFA_ADAPTER = "openinfusion.web.accounts.adapter.SecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RATE_LIMITS = {"webauthn_login": "300/m/ip"}
MFA_TOTP_ISSUER = "OpenInfusion"
MFA_TOTP_TOLERANCE = 1
# Without TLS a browser gives a passkey to localhost alone, and python-fido2 knows no such origin.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PLACE.is_https
# Seconds in which an identity provider must answer.
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
# Each session ends by itself before its cookie does (accounts/sessions.py).
SESSION_COOKIE_AGE = PLACE.session_hours * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# --- What goes over the wire -----------------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PLACE.is_https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = PLACE.is_https
SECURE_REDIRECT_EXEMPT = ["^health$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PLACE.is_https else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if PLACE.is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PLACE.is_https
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "openinfusion.web.imports.receiving.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

STATIC_URL = "/static/"
STATIC_ROOT = PLACE.folder / "static"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": PLACE.folder / "files",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- The rest --------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
EMAIL_FILE_PATH = PLACE.folder / "mail"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = f"OpenInfusion <openinfusion@{PLACE.host}>"
if PLACE.mail is None:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
else:
    _mail = urlsplit(PLACE.mail.read_text().strip())
    EMAIL_HOST, EMAIL_PORT = _mail.hostname, _mail.port or 587
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
    EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.scheme == "smtps", _mail.scheme == "smtp+starttls"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "web_cache"}}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
SILENCED_SYSTEM_CHECKS: list[str] = []
