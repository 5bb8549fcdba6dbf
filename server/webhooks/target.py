"""Where deliveries go and what signs them: read once, at the start."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2

from server.config import Config, InvalidSetting
from server.key_files import SecretUnusable

MIN_SECRET_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class Target:
    """An address and the secret that it shares with this server."""

    url: httpx2.URL
    secret: str = field(repr=False)

    def signature(self, seconds: int, body: bytes) -> str:
        """[WH3] The value of `Thunderline-Signature`: the time in Unix seconds, and the HMAC-SHA-256 (RFC 2104) of
        `<time>.<body>` in lower-case hexadecimal."""
        signed = f"{seconds}.".encode() + body
        return f"t={seconds},v1={hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()}"


def read_target(config: Config) -> Target | None:
    """[WH8] What the settings name; None when nobody is to be told of anything.

    Raises:
        InvalidSetting: The address is none, or there is no secret to go with it.
        SecretUnusable: The secret cannot be read or made, or others may read it.
    """
    if not config.webhook_url:
        return None
    if config.webhook_secret_file is None:
        raise InvalidSetting("webhook_url needs webhook_secret_file, so that what is sent there can be signed.")
    try:
        url = httpx2.URL(config.webhook_url)
    except httpx2.InvalidURL as exc:
        raise InvalidSetting(f"webhook_url is no address: {exc}.") from exc
    if url.scheme not in ("http", "https") or not url.host or not 0 < (url.port or 1) < 65536:
        raise InvalidSetting("webhook_url must be an address that begins with https:// or http:// and names a host.")
    return Target(url, load_webhook_secret(config.webhook_secret_file))


def load_webhook_secret(path: Path) -> str:
    """[WH8] The first line of the file; the file is made (mode 0600) if it is missing.

    Raises:
        SecretUnusable: It cannot be read or made, others may read it, or it is too short to be a secret.
    """
    try:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read(path)
        with open(descriptor, "w", encoding="ascii") as file:
            secret = secrets.token_hex(32)
            file.write(secret + "\n")
            return secret
    except OSError as exc:
        raise SecretUnusable(f"The webhook secret {path} cannot be used: {exc.strerror or exc}.") from exc


def _read(path: Path) -> str:
    with path.open(encoding="utf-8", errors="strict") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise SecretUnusable(f"The webhook secret {path} can be read by others: give it mode 0600.")
        try:
            secret = file.readline(4096).strip()
        except UnicodeDecodeError as exc:
            raise SecretUnusable(f"The webhook secret {path} does not hold text.") from exc
    if len(secret) < MIN_SECRET_LENGTH:
        raise SecretUnusable(f"The webhook secret {path} does not hold at least {MIN_SECRET_LENGTH} characters.")
    return secret
