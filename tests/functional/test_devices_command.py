"""`openinfusion gateway devices` and `agent run` refuse what could never work, and say what would."""

import pytest
from typer.testing import CliRunner

from openinfusion.cli.app import app
from openinfusion.core.errors import OpenInfusionError, OperatorError
from tests.fleet_desk import Desk, small_library

PUMP = "urn:pump:acme:0001"


def run(*words):
    """Run a command; errors that become messages at the edge are raised."""
    done = CliRunner().invoke(app, words, catch_exceptions=True)
    if isinstance(done.exception, OpenInfusionError):
        raise done.exception
    return done


@pytest.fixture
def config(tmp_path):
    desk = Desk(tmp_path / "fleet")
    desk.release(small_library())
    assert run("gateway", "devices", "init", str(tmp_path / "devices"), "--trees", "../fleet").exit_code == 0
    return str(tmp_path / "devices" / "gateway.toml")


def know(config, *words):
    return run("gateway", "devices", "pump", PUMP, "--config", config, *words)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--line", "St Elsewhere"), "--line: found 'St Elsewhere'; expected hospital/profile"),
        (("--line", "St Elsewhere/adult"), "--line: found 'St Elsewhere'"),
        (("--line", "st-elsewhere/adult", "--ring", "Bench 1"), "--ring: found 'Bench 1'"),
    ],
)
def test_a_pump_is_known_by_names_that_releases_can_have(config, words, found):
    with pytest.raises(OpenInfusionError, match=found):
        know(config, *words)


def test_one_key_is_one_pumps(config, tmp_path):
    key = str(tmp_path / "devices" / "time.pub")
    assert know(config, "--line", "st-elsewhere/adult", "--report-key", key).exit_code == 0
    with pytest.raises(OperatorError, match=f"--report-key: found the key of {PUMP}"):
        run(
            *("gateway", "devices", "pump", "urn:pump:acme:0002", "--config", config),
            *("--line", "st-elsewhere/adult", "--report-key", key),
        )
    assert "urn:pump:acme:0002" not in run("gateway", "devices", "pumps", "--config", config).output


@pytest.mark.hazard("IT-04")
def test_denying_says_whom_it_does_not_know_and_refuses_what_is_nobody(config):
    deny = ("gateway", "devices", "deny")
    with pytest.raises(OpenInfusionError, match="the serial number of a certificate"):
        run(*deny, "nonsense", "--reason", "stolen", "--config", config)
    assert "No pump of that name is known" in run(*deny, PUMP, "--reason", "stolen", "--config", config).output
    done = run(*deny, "00:AB:CD:EF:01:23", "--reason", "stolen", "--config", config)
    assert "abcdef0123 is denied" in done.output


def test_an_agent_is_told_what_is_no_server_and_no_stick(tmp_path):
    with pytest.raises(OperatorError, match="expected an address such as https"):
        run("agent", "run", str(tmp_path), "--server", "nonsense", "--once")
    with pytest.raises(OperatorError, match="is it mounted"):
        run("agent", "run", str(tmp_path), "--stick", str(tmp_path / "nostick"))
    assert not (tmp_path / "nostick").exists()
