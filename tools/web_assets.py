"""
Lay the design system's style, script and icons, and what draws charts, where the web application serves them itself.

    python tools/web_assets.py NODE_MODULES

The design system's fonts lie on a host of the NHS and its logo is not ours to use: both stay out. What has a licence
that nobody has looked at stays out too; the texts of the others go along.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

WEB = Path(__file__).parents[1] / "src/openinfusion/web"
ASSETS = WEB / "assets"
VENDOR = WEB / "design/static/vendor"
CHARTS = ("vega/build/vega.min.js", "vega-lite/build/vega-lite.min.js", "vega-embed/build/vega-embed.min.js")
# Each lets us hand on the work; MIT, ISC and BSD-3-Clause ask that their text goes along.
ALLOWED = {"0BSD", "BSD-3-Clause", "ISC", "MIT", "Unlicense"}
_FONTS = re.compile(r"@font-face\{[^}]*\}")
_FAMILY = re.compile(r"Frutiger W01,\s*")
_SOURCE_MAP = re.compile(r"/[/*]# sourceMappingURL=\S+( \*/)?\s*$")


def lay(modules: Path, vendor: Path = VENDOR) -> None:
    """Write what pages load into the folder of static files; raises SystemExit where something foreign remains."""
    texts = licences(modules)
    made = modules / "nhsuk-frontend/dist/nhsuk"
    shutil.rmtree(vendor, ignore_errors=True)
    (vendor / "images").mkdir(parents=True)
    style = _FAMILY.sub("", _FONTS.sub("", (made / "nhsuk-frontend.min.css").read_text()))
    style = _SOURCE_MAP.sub("", style.replace("url(/assets/images/", "url(images/"))
    if "://" in style.replace("http://www.w3.org/", ""):
        raise SystemExit("the style still names another host")
    (vendor / "nhsuk-frontend.min.css").write_text(style)
    for script in (made / "nhsuk-frontend.min.js", *(modules / one for one in CHARTS)):
        (vendor / script.name).write_text(_SOURCE_MAP.sub("", script.read_text()))
    for name in re.findall(r"url\(images/([\w.-]+)\)", style):
        shutil.copyfile(made / "assets/images" / name, vendor / "images" / name)
    (vendor / "licences.txt").write_text(texts)


def licences(modules: Path) -> str:
    """Return every package with its licence and the text of it; raises SystemExit at one that is not allowed."""
    parts = []
    for folder, said in sorted(_packages(modules)):
        licence = said.get("licence", said.get("license"))
        if licence not in ALLOWED:
            raise SystemExit(f"{said['name']} has the licence {licence!r}; allowed: {', '.join(sorted(ALLOWED))}")
        files = sorted(one for one in folder.iterdir() if one.name.lower().startswith(("licence", "license")))
        text = "\n".join(one.read_text(errors="replace").strip() for one in files if one.is_file())
        parts.append(f"{said['name']} {said['version']}: {licence}\n\n{text}".strip())
    return "\n\n\n".join(parts) + "\n"


def _packages(modules: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield the folder of each package, nested ones too, with what its maker says of it."""
    for file in modules.rglob("package.json"):
        if file.parent.parent.name == "node_modules" or file.parent.parent.name.startswith("@"):
            yield file.parent, json.loads(file.read_text())


if __name__ == "__main__":
    lay(Path(sys.argv[1]))
