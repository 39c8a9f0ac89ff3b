"""The settings of the product, with what a test needs quick; a folder of its own for each process of tests."""

import os
import tempfile
from pathlib import Path

if "OPENINFUSION_WEB" not in os.environ:
    os.environ["OPENINFUSION_WEB"] = tempfile.mkdtemp(prefix="openinfusion-web-")
    Path(os.environ["OPENINFUSION_WEB"], "web.toml").write_text("example = true\n")

from openinfusion.web.settings import *  # noqa: F403 - settings are what this module is for

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
MIDDLEWARE = [one for one in MIDDLEWARE if "whitenoise" not in one]  # noqa: F405 - of the settings above
