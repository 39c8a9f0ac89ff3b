"""What a worker of the server has done before anybody asks it for a page."""

import os
import subprocess
import sys

CODE = """
import sys
from openinfusion.web import wsgi
from django.template import engines
pages = engines["jinja2"].env
assert "openinfusion.web.insight.views" in sys.modules, "its pages are not loaded"
assert len(pages.cache) == len(pages.list_templates(extensions=["jinja"])) > 100, "its templates are not compiled"
print("warm", wsgi.application.__class__.__name__)
"""


def test_a_worker_has_loaded_every_page_before_the_first_is_asked_for(tmp_path):
    """Otherwise whoever comes first to a worker waits seconds for what all others find ready."""
    environment = os.environ | {"OPENINFUSION_WEB": str(tmp_path)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "warm WSGIHandler\n", done.stderr
