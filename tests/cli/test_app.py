"""Every ending of the command line is one exit code and one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from streams.cli.app import COMMANDS
from tests.cli.conftest import Run
from tests.support.patience import PATIENCE_S

MEDIASIEVE = [sys.executable, "-m", "streams.cli"]
NOBODY = "127.0.0.1:1"


def test_without_arguments_it_lists_the_commands(run: Run) -> None:
    result = run()

    assert result.exit_code == 0
    for name, (_, about) in COMMANDS.items():
        assert name in result.stdout
        assert about in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    result = run(name, "--help")

    assert result.exit_code == 0
    assert f"Usage: mediasieve {name}" in result.stdout


@pytest.mark.parametrize(
    ("args", "mentions"),
    [
        (["dance"], "No such command 'dance'"),
        (["--dance"], "--dance"),
        (["topics"], "Missing command"),
        (["topics", "dance"], "No such command 'dance'"),
        (["topics", "plan", "--dance"], "--dance"),
        (["publish"], "Say what to publish"),
        (["publish", "absent.jpg"], "absent.jpg"),
        (["publish", "--url", "nothing"], "no scheme"),
        (["publish", "--url", "http://a/b", "--collection", "My Shop"], "--collection"),
        (["publish", "--url", "http://a/b", "--metadata", "[1]"], "--metadata"),
        (["publish", "--url", "http://a/b", "--priority", "12"], "--priority"),
        (["publish", "--url", "http://a/b", "--kind", "audio"], "--kind"),
        (["decisions", "--since", "yesterday"], "--since"),
        (["decisions", "--limit", "0"], "--limit"),
        (["up", "--workers", "0"], "--workers"),
        (["up", "--stages", "fingerprint,dance"], "dance"),
        (["scan"], "PATHS"),
        (["scan", "absent"], "absent"),
        (["worker", "--stages", "dance"], "dance"),
        (["policy"], "Missing command"),
        (["policy", "check"], "MEDIASIEVE_POLICY_FILE"),
        (["policy", "show", "--collection", "My Shop"], "'My Shop'"),
        (["policy", "show", "--file", "absent.yaml"], "absent.yaml: cannot be read"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(run: Run, args: list[str], mentions: str) -> None:
    result = run(*args)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert mentions in result.stderr
    assert result.stderr.startswith("mediasieve: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "args", [["topics", "plan"], ["publish", "--url", "http://a/b"], ["decisions"], ["decisions", "--json", "--follow"]]
)
def test_an_unreachable_broker_is_one_line_and_exit_code_1(run: Run, args: list[str]) -> None:
    result = run(*args, "--broker", NOBODY)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"Kafka at {NOBODY} does not answer" in result.stderr
    assert "mediasieve up" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MEDIASIEVE_BATCH_RECORDS", "many"),
        ("MEDIASIEVE_BROKER_SECURITY", "rot13"),
        ("MEDIASIEVE_TOPIC_PREFIX", "two words"),
        ("MEDIASIEVE_MIN_INSYNC_REPLICAS", "2"),
        ("MEDIASIEVE_BROKER_CA_FILE", "absent.pem"),
    ],
)
def test_a_wrong_variable_is_named_with_exit_code_2(run: Run, variable: str, value: str) -> None:
    env = {"MEDIASIEVE_BROKER_SECURITY": "ssl", variable: value}  # without TLS nobody reads its files
    result = run("topics", "plan", "--broker", NOBODY, env=env)

    assert result.exit_code == 2
    assert variable in result.stderr
    assert result.stderr.count("\n") == 1


def test_help_imports_nothing_heavy() -> None:
    script = """
import sys
from streams.cli import main
sys.argv = ["mediasieve", "--help"]
try:
    main()
except SystemExit as ended:
    assert ended.code == 0
heavy = {"faust", "numpy", "chdb", "PIL", "confluent_kafka", "pydantic", "rich", "aiohttp"} & sys.modules.keys()
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, timeout=PATIENCE_S)


def test_a_closed_stdout_is_not_an_error(folder: Path) -> None:
    command = subprocess.Popen(
        [*MEDIASIEVE, "topics", "list", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert command.stdout is not None
    command.stdout.close()
    assert command.stderr is not None

    with command.stderr as stderr:
        assert stderr.read() == b""
    assert command.wait(PATIENCE_S) == 0


def test_a_full_disk_is_one_line(folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [*MEDIASIEVE, "topics", "list", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_S,
            check=False,
        )

    assert result.returncode == 1
    assert result.stderr.count(b"\n") == 1
