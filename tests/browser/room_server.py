"""A real server in its own process, which the browser tests start, kill and start again on the same address."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.browser.addresses import free_port

START_SECONDS = 30.0
STOP_SECONDS = 30.0
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Room:
    """A room and the addresses that open it; `member`, `moderator` and `viewer` carry an invitation.

    Attributes:
        token: Of its owner, who is nobody at a browser.
    """

    id: str
    link: str
    member: str
    moderator: str
    viewer: str
    token: str


class RoomServer:
    """`thunderline serve` on one port and one data folder, for as long as the `with` block lasts."""

    def __init__(self, data: Path, **settings: object) -> None:
        """Args: settings: of the server, by name (`max_frame_bytes=65536`)."""
        self._data = data
        self._settings = settings
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> Path:
        """What the server wrote, of all its starts."""
        return self._data.with_suffix(".log")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop()

    def start(self, *, ready: bool = True) -> None:
        """Return once it says that it can serve, or with `ready=False` once it lives."""
        options = [f"--{name.replace('_', '-')}={value}" for name, value in self._settings.items()]
        command = [sys.executable, "-m", "server", "serve", f"--port={self._port}", f"--data={self._data}", *options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log, env=_environment())
        deadline = time.monotonic() + START_SECONDS
        while not self._answers("/readyz" if ready else "/healthz"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the server did not start:\n{self.log.read_text()}")
            time.sleep(0.02)

    def kill(self) -> None:
        """`kill -9`, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to stop; it drains first."""
        self._end(signal.SIGTERM)

    def create_room(self, name: str = "Sprint planning", **room: object) -> Room:
        created = self.post("/api/rooms", {"name": name, **room})
        links = {who: self.address + path for who, path in created["links"].items()}
        addresses = (links[who] for who in ("room", "member", "moderator", "viewer"))
        return Room(created["room"]["id"], *addresses, token=created["token"])

    def post(self, path: str, body: object) -> dict[str, Any]:
        """What the API answers to a JSON body."""
        return self._ask("POST", path, body)

    def change_room(self, room: Room, **changes: object) -> None:
        """Change the settings of a room as its owner (`door="locked"`)."""
        self._ask("PATCH", f"/api/rooms/{room.id}", changes, room.token)

    def set_rights(self, room: Room, person: str, **overrides: bool | None) -> None:
        """As the room's owner give (true), take (false) or leave to the role (null) what a person may do."""
        self._ask("PATCH", f"/api/rooms/{room.id}/members/{person}", {"overrides": overrides}, room.token)

    def set_role(self, room: Room, person: str, role: str) -> None:
        """Give a person another role, as the room's owner."""
        self._ask("PATCH", f"/api/rooms/{room.id}/members/{person}", {"role": role}, room.token)

    def _ask(self, method: str, path: str, body: object, token: str = "") -> dict[str, Any]:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        with urlopen(Request(self.address + path, json.dumps(body).encode(), headers, method=method)) as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def admin_link(self, seconds: int = 3600) -> str:
        """What `thunderline admin-link` prints."""
        options = [f"--data={self._data}", f"--url={self.address}", f"--ttl={seconds}"]
        command = [sys.executable, "-m", "server", "admin-link", *options]
        done = subprocess.run(command, cwd=REPOSITORY, env=_environment(), check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def _answers(self, path: str) -> bool:
        try:
            with urlopen(self.address + path, timeout=5) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(STOP_SECONDS)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("THUNDERLINE_")}
