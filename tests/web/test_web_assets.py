"""What is laid where pages load it: ours to hand on, from no other host, with the texts of its licences."""

import json

import altair as alt
import pytest
import web_assets


@pytest.fixture
def modules(tmp_path):
    """A folder as npm leaves it."""
    made = tmp_path / "node_modules"
    style = made / "nhsuk-frontend/dist/nhsuk/nhsuk-frontend.min.css"
    files = {"nhsuk-frontend/dist/nhsuk/nhsuk-frontend.min.js": "1;\n//# sourceMappingURL=a.map"}
    files |= dict.fromkeys(web_assets.CHARTS, "2;\n//# sourceMappingURL=b.map\n")
    for name, text in files.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    style.write_text("a{b:c}@font-face{src:url(https://elsewhere.example/f)}")
    package(made / "vega", "vega", "BSD-3-Clause", "Redistribution and use")
    package(made / "vega/node_modules/@types/inner", "@types/inner", "MIT", "Permission is hereby granted")
    return made


def package(folder, name, licence, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"name": name, "version": "1.0.0", "license": licence}))
    (folder / "LICENSE.md").write_text(text)


def test_scripts_lie_without_their_maps_and_with_every_licence(modules, tmp_path):
    """Scripts name no map that is not there; the texts of nested packages go along."""
    web_assets.lay(modules, tmp_path / "vendor")
    assert (tmp_path / "vendor/vega.min.js").read_text() == "2;\n"
    assert (tmp_path / "vendor/nhsuk-frontend.min.css").read_text() == "a{b:c}"
    said = (tmp_path / "vendor/licences.txt").read_text()
    assert "vega 1.0.0: BSD-3-Clause\n\nRedistribution" in said
    assert "@types/inner 1.0.0: MIT\n\nPermission" in said


def test_a_licence_that_nobody_looked_at_stops_all(modules, tmp_path):
    """A package under another licence is refused by name, and nothing is laid."""
    package(modules / "vega/node_modules/other", "other", "AGPL-3.0", "")
    with pytest.raises(SystemExit, match=r"other has the licence 'AGPL-3\.0'; allowed: 0BSD"):
        web_assets.lay(modules, tmp_path / "vendor")
    assert not (tmp_path / "vendor").exists()


def test_a_style_of_another_host_stops_all(modules, tmp_path):
    """A style that would load from elsewhere is refused."""
    (modules / "nhsuk-frontend/dist/nhsuk/nhsuk-frontend.min.css").write_text("a{b:url(https://elsewhere.example/c)}")
    with pytest.raises(SystemExit, match="another host"):
        web_assets.lay(modules, tmp_path / "vendor")


def test_pages_draw_with_the_version_that_altair_writes_for():
    """Vega-Lite in the page is the one whose words the server's charts are in."""
    said = json.loads((web_assets.ASSETS / "package.json").read_text())["dependencies"]
    assert f"v{said['vega-lite']}" == alt.SCHEMA_VERSION
