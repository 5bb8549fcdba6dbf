"""The `thunderline` command, as a process of its own."""

from __future__ import annotations

import json
import os
import pty
import select
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from crdt_docs.access import Permission
from crdt_docs.ids import RoomId
from persistence.interfaces import Event, RoomRecord
from persistence.sqlite import open_sqlite
from server.auth.tokens import Claims, Tokens, load_secret
from server.clock import SystemClock

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


def _read(folder: Path, token: str) -> Claims:
    """What a server on that data folder reads in the token."""
    return Tokens(load_secret(folder), SystemClock()).read(token)


def test_serve_prints_the_address_last_and_stops_cleanly(tmp_path: Path) -> None:
    """[CM1] The address can be used as soon as it is told, one line follows it (CM6), and SIGTERM drains and ends
    with 0."""
    with _serving("--port", "0", "--data", str(tmp_path)) as (process, address):
        with urlopen(address + "readyz", timeout=WAIT_SECONDS) as answer:
            assert answer.status == 200
        # Read as the first line was: `communicate` would not see what came along with that one.
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Administration: ")
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=WAIT_SECONDS)
        assert (process.returncode, output, errors) == (0, "", "")


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


def test_keys_that_cannot_be_used_are_told_in_one_sentence(tmp_path: Path) -> None:
    """[CM3] Exit code 4, and no part of the private key that stands in the wrong file."""
    private = OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True)
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [{**private, "kid": "k"}]}))

    done = _run("serve", "--port", "0", "--data", str(tmp_path / "data"), "--token-keys", str(file))

    assert done.returncode == 4
    assert str(file) in done.stderr
    assert private["d"] not in done.stderr
    assert done.stderr.count("\n") == 1


def test_token_prints_a_token_of_this_installation(tmp_path: Path) -> None:
    """[CM4] For any program that integrates rooms."""
    done = _run("token", "--data", str(tmp_path), "--room", "*", "--user", "svc", "--name", "Svc", "--role", "owner",
                "--ttl", "60")  # fmt: skip

    payload = jwt.decode(done.stdout.strip(), load_secret(tmp_path), algorithms=["HS256"])
    assert {key: payload[key] for key in ("sub", "name", "room", "role")} == {
        "sub": "svc", "name": "Svc", "room": "*", "role": "owner",
    }  # fmt: skip
    assert payload["exp"] - payload["iat"] == 60


@pytest.mark.parametrize(
    ("text", "granted"),
    [("draw,chat", {Permission.DRAW, Permission.CHAT}), (" record ", {Permission.RECORD}), ("", set())],
)
def test_a_token_can_name_its_permissions(tmp_path: Path, text: str, granted: set[Permission]) -> None:
    """[CM4] They replace what the role gives; no name stands for none of them."""
    arguments = ["--data", str(tmp_path), "--room", "r", "--user", "u"]

    assert _read(tmp_path, _run("token", *arguments, f"--permissions={text}").stdout.strip()).permissions == granted
    assert _read(tmp_path, _run("token", *arguments).stdout.strip()).permissions is None


@pytest.mark.parametrize(
    "arguments",
    [["--room", "a.b"], ["--user", "a b"], ["--user", "admin"], ["--name", "\u200b"], ["--ttl", "0"],
     ["--permissions", "draw,fly"]],
)  # fmt: skip
def test_a_token_that_would_be_refused_is_not_printed(tmp_path: Path, arguments: list[str]) -> None:
    """[CM4] Exit code 2, and why."""
    done = _run("token", "--data", str(tmp_path), "--room", "r", "--user", "u", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert "fly" not in arguments[-1] or "draw, chat, voice" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "base"),
    [
        ([], "http://127.0.0.1:8000"),
        (["--host", "0.0.0.0", "--port", "80"], "http://127.0.0.1:80"),
        (["--host", "::", "--port", "81"], "http://[::1]:81"),
        (["--url", "https://rooms.example.org"], "https://rooms.example.org"),
        (["--url", "https://example.org/rooms/", "--port", "0"], "https://example.org/rooms"),
    ],
    ids=str,
)
def test_admin_link_prints_where_the_operator_goes(tmp_path: Path, arguments: list[str], base: str) -> None:
    """[CM5] With a token of the operator, for twelve hours."""
    address, _, token = _run("admin-link", "--data", str(tmp_path), *arguments).stdout.strip().partition("#token=")

    assert address == f"{base}/admin"
    claims = _read(tmp_path, token)
    assert (claims.admin, claims.user, claims.room) == (True, "admin", "*")
    assert claims.expires_at - claims.issued_at == 12 * 3600 * 1_000_000


def test_admin_link_is_good_as_long_as_it_is_told(tmp_path: Path) -> None:
    """[CM5] --ttl, in seconds."""
    claims = _read(tmp_path, _run("admin-link", "--data", str(tmp_path), "--ttl", "90").stdout.strip().split("=")[1])

    assert claims.expires_at - claims.issued_at == 90_000_000


@pytest.mark.parametrize(
    "arguments",
    [["--port", "0"], ["--url", "rooms.example.org"], ["--url", ""], ["--url", "http://x/#a"], ["--url", "http://x/?a"],
     ["--ttl", "0"]],
)  # fmt: skip
def test_an_admin_link_that_leads_nowhere_is_not_printed(tmp_path: Path, arguments: list[str]) -> None:
    """[CM5] Exit code 2."""
    done = _run("admin-link", "--data", str(tmp_path), *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def _lines_of_terminal(process: subprocess.Popen[bytes], terminal: int, count: int) -> list[str]:
    """What the process writes to its terminal, until that many lines are there."""
    written = b""
    while written.count(b"\n") < count:
        assert select.select([terminal], [], [], WAIT_SECONDS)[0], (process.poll(), written)
        written += os.read(terminal, 65536)
    return written.decode().splitlines()


def test_on_a_terminal_serve_prints_the_operators_link_last(tmp_path: Path) -> None:
    """[CM6] Once, and not through the log."""
    terminal, end_of_process = pty.openpty()
    command = [*COMMAND, "serve", "--port", "0", "--data", str(tmp_path), "--log-level", "debug"]
    with subprocess.Popen(command, stdout=end_of_process, stderr=subprocess.PIPE) as process:
        os.close(end_of_process)
        try:
            open_at, administration = _lines_of_terminal(process, terminal, 2)
        finally:
            process.terminate()
        _, errors = process.communicate(timeout=WAIT_SECONDS)
        os.close(terminal)

    base = open_at.split(" ")[-1]
    link, _, token = administration.split(" ")[-1].partition("#token=")
    assert link == f"{base}admin"
    claims = _read(tmp_path, token)
    assert claims.admin
    assert claims.expires_at - claims.issued_at == 12 * 3600 * 1_000_000
    assert (process.returncode, b"eyJ" in errors) == (0, False)


def test_where_output_is_kept_serve_tells_how_to_get_the_link(tmp_path: Path) -> None:
    """[CM6] A pipe may end in a journal: no secret there, but the command, which works as it is printed."""
    data = tmp_path / "data of the team"
    with _serving("--port", "0", "--data", str(data), "--log-level", "debug") as (process, address):
        assert process.stdout is not None
        administration = process.stdout.readline()
        process.terminate()
        output, errors = process.communicate(timeout=WAIT_SECONDS)
        assert "eyJ" not in administration + output + errors

    name, *arguments = shlex.split(administration.partition(": its link is printed by: ")[2])
    link, _, token = _run(*arguments).stdout.strip().partition("#token=")
    assert (name, link) == ("thunderline", f"{address}admin")
    assert _read(data, token).admin


def test_two_servers_do_not_share_a_data_folder(tmp_path: Path) -> None:
    """[CM8] Exit code 4 and who has it; the first one goes on, and whatever ends it frees the folder."""
    arguments = ("--port", "0", "--data", str(tmp_path))
    with _serving(*arguments) as (first, address):
        second = _run("serve", *arguments)
        assert second.returncode == 4
        assert str(tmp_path) in second.stderr
        assert str(first.pid) in second.stderr
        assert second.stderr.count("\n") == 1
        with urlopen(address + "readyz", timeout=WAIT_SECONDS) as answer:
            assert answer.status == 200
        first.kill()
        first.wait(WAIT_SECONDS)

    with _serving(*arguments) as (_, address), urlopen(address + "readyz", timeout=WAIT_SECONDS) as answer:
        assert answer.status == 200


def _post(address: str, body: object, token: str = "") -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    with urlopen(Request(address, json.dumps(body).encode(), headers), timeout=WAIT_SECONDS) as answer:
        told: dict[str, str] = json.load(answer)
    return told


@pytest.mark.parametrize("level", ["debug", "info"])
def test_no_token_key_or_text_of_a_room_stands_in_the_log(tmp_path: Path, level: str) -> None:
    """[TK13] At no level: sockets carry the token in their address, statements carry names and keys."""
    key, name = "k" * 42 + "A", "A name that nobody else reads"
    with _serving("--port", "0", "--data", str(tmp_path), "--log-level", level) as (process, address):
        room = _post(address + "api/rooms", {"name": name})["room"]["id"]  # type: ignore[index]
        joined = _post(f"{address}api/rooms/{room}/join", {"name": name, "guest_key": key})
        token = joined["token"]
        for path in (f"sync/{room}/chat", f"signal/{room}"):
            with connect(f"{address.replace('http', 'ws')}{path}?token={token}") as socket:
                socket.recv(timeout=WAIT_SECONDS)
            with (
                connect(f"{address.replace('http', 'ws')}{path}?token={token[:-5]}") as socket,
                pytest.raises(ConnectionClosed),
            ):
                socket.recv(timeout=WAIT_SECONDS)
        process.terminate()
        output, errors = process.communicate(timeout=WAIT_SECONDS)

    assert process.returncode == 0
    for secret in (token, token[:-5], token.split(".")[1], key, name, load_secret(tmp_path)):
        assert secret not in output + errors


async def _kept(folder: Path, room: str) -> tuple[RoomRecord | None, list[Event]]:
    async with open_sqlite(folder, clock=SystemClock().now_us) as stores:
        return await stores.rooms.get(RoomId(room)), await stores.events.of_room(RoomId(room))


async def test_recovery_is_switched_while_no_server_runs(tmp_path: Path) -> None:
    """[CM7] Exit code 4 while one runs; each change is one event of the operator."""
    with _serving("--port", "0", "--data", str(tmp_path)) as (process, address):
        room = _post(address + "api/rooms", {})["room"]["id"]  # type: ignore[index]
        refused = _run("recovery", "--data", str(tmp_path), "--room", room, "--on")
        assert (refused.returncode, refused.stdout) == (4, "")
        assert str(process.pid) in refused.stderr
        process.terminate()
        process.wait(WAIT_SECONDS)

    for switch, recovery in (("--on", True), ("--on", True), ("--off", False)):
        assert _run("recovery", "--data", str(tmp_path), "--room", room, switch).returncode == 0
        record, _ = await _kept(tmp_path, room)
        assert record is not None
        assert record.recovery is recovery

    _, events = await _kept(tmp_path, room)
    told = [(event.user, json.loads(event.details)) for event in events if event.kind == "recovery_changed"]
    assert told == [("admin", {"recovery": False}), ("admin", {"recovery": True})]


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--room", "none", "--on"], 2), (["--room", "a/b", "--on"], 2), (["--room", "none"], 2)]
)
async def test_recovery_of_no_room_is_refused(tmp_path: Path, arguments: list[str], code: int) -> None:
    """[CM7] Exit code 2 for a room that is not there or no word of on or off."""
    await _kept(tmp_path, "none")

    done = _run("recovery", "--data", str(tmp_path), *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr


def test_recovery_makes_no_database(tmp_path: Path) -> None:
    """[CM7] A wrong folder is told (exit code 4) and left as it is."""
    done = _run("recovery", "--data", str(tmp_path / "wrong"), "--room", "r", "--on")

    assert done.returncode == 4
    assert str(tmp_path / "wrong") in done.stderr
    assert list(tmp_path.iterdir()) == []
