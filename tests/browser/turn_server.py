"""Debian's coturn on this machine, with the options of `scripts/deploy/coturn.conf` that matter here."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser.addresses import free_port

SECRET = "the secret of both"


@contextmanager
def coturn(folder: Path) -> Iterator[str]:
    """Run it; gives its address as `turn_urls` has it, once it listens."""
    program = shutil.which("turnserver")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("coturn is not installed")
        pytest.skip("coturn is not installed")
    port = free_port()
    options = [
        "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}", "--min-port=20000",
        "--max-port=29999", "--realm=test", "--fingerprint", "--use-auth-secret", f"--static-auth-secret={SECRET}",
        "--no-tls", "--no-dtls", "--no-cli", "--allow-loopback-peers", "--log-file=stdout", "--simple-log",
        f"--pidfile={folder / 'turn.pid'}", f"--userdb={folder / 'turn.db'}",
    ]  # fmt: skip
    with (folder / "turn.log").open("wb") as log:
        process = subprocess.Popen([program, *options], cwd=folder, stdout=log, stderr=log)
    try:
        while not _answers(port):
            assert process.poll() is None, (folder / "turn.log").read_text()
        yield f"turn:127.0.0.1:{port}?transport=udp"
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    """Whether a STUN server answers a binding request (RFC 8489) there within a moment."""
    request = struct.pack("!HHI", 0x0001, 0, 0x2112A442) + os.urandom(12)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.1)
        asking.connect(("127.0.0.1", port))
        try:
            asking.send(request)
            return asking.recv(2048)[8:20] == request[8:]
        except OSError:
            return False
