"""The `thunderline` command, as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import jwt
import pytest

from server.auth.tokens import load_secret

COMMAND = [sys.executable, "-m", "server"]
WAIT_SECONDS = 30


def _run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=WAIT_SECONDS, check=False,
        env={**os.environ, **environ},
    )  # fmt: skip


@contextmanager
def _serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the address that it prints."""
    process = subprocess.Popen(
        [*COMMAND, "serve", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip().split(" ")[-1]
    finally:
        process.kill()
        process.communicate()


def test_serve_prints_the_address_last_and_stops_cleanly(tmp_path: Path) -> None:
    """[CM1] SIGTERM drains and ends with 0."""
    with _serving("--port", "0", "--data", str(tmp_path)) as (process, address):
        with urlopen(address + "readyz", timeout=WAIT_SECONDS) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=WAIT_SECONDS)
        assert (process.returncode, errors) == (0, "")


def test_an_open_address_without_tls_is_warned_of(tmp_path: Path) -> None:
    """[CM2] Anything but loopback, unless a proxy is trusted."""
    for more, warned in (([], True), (["--trusted-proxy"], False)):
        with _serving("--port", "0", "--host", "0.0.0.0", "--data", str(tmp_path), *more) as (process, address):
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=WAIT_SECONDS)
            assert ("WARNING" in errors) is warned
            assert address.startswith("http://127.0.0.1:")


def test_a_port_in_use_is_told_in_one_sentence(tmp_path: Path) -> None:
    """[CM3] Exit code 3."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = _run("serve", "--port", port, "--data", str(tmp_path))

    assert done.returncode == 3
    assert port in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_data_folder_that_cannot_be_used_is_told_in_one_sentence(tmp_path: Path) -> None:
    """[CM3] Exit code 4."""
    (tmp_path / "file").write_text("")
    done = _run("serve", "--port", "0", "--data", str(tmp_path / "file"))

    assert done.returncode == 4
    assert str(tmp_path / "file") in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "environ", "names"),
    [
        (["--port", "x"], {}, "--port"),
        ([], {"THUNDERLINE_SPEED": "1"}, "THUNDERLINE_SPEED"),
        (["--config", "/nowhere.toml"], {}, "/nowhere.toml"),
        ([], {"THUNDERLINE_CONFIG": "/nowhere.toml"}, "/nowhere.toml"),
        (["--tls-certificate", "/nowhere.pem", "--tls-key", "/nowhere.pem"], {}, "TLS"),
    ],
)
def test_a_wrong_setting_is_told_in_one_sentence(
    tmp_path: Path, arguments: list[str], environ: dict[str, str], names: str
) -> None:
    """[CM3] Exit code 2."""
    done = _run("serve", "--data", str(tmp_path), "--port", "0", *arguments, **environ)

    assert done.returncode == 2
    assert names in done.stderr
    assert "Traceback" not in done.stderr


def test_token_prints_a_token_of_this_installation(tmp_path: Path) -> None:
    """[CM4] For any program that integrates rooms."""
    done = _run("token", "--data", str(tmp_path), "--room", "*", "--user", "svc", "--name", "Svc", "--role", "owner",
                "--ttl", "60")  # fmt: skip

    payload = jwt.decode(done.stdout.strip(), load_secret(tmp_path), algorithms=["HS256"])
    assert {key: payload[key] for key in ("sub", "name", "room", "role")} == {
        "sub": "svc", "name": "Svc", "room": "*", "role": "owner",
    }  # fmt: skip
    assert payload["exp"] - payload["iat"] == 60


@pytest.mark.parametrize("arguments", [["--room", "a.b"], ["--user", "a b"], ["--name", "\u200b"], ["--ttl", "0"]])
def test_a_token_that_would_be_refused_is_not_printed(tmp_path: Path, arguments: list[str]) -> None:
    """[CM4] Exit code 2."""
    done = _run("token", "--data", str(tmp_path), "--room", "r", "--user", "u", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
