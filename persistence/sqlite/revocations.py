"""Revoked tokens in SQLite."""

from __future__ import annotations

from persistence.interfaces import Micros
from persistence.sqlite.connection import Database


class SqliteRevocations:
    """See `persistence.interfaces.Revocations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revoke(self, jti: str, expires_at: Micros) -> None:
        await self._database.write(
            "INSERT INTO revoked_tokens (jti, expires_at) VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)",
            (jti, expires_at),
        )

    async def is_revoked(self, jti: str) -> bool:
        return bool(await self._database.read("SELECT 1 FROM revoked_tokens WHERE jti = ?", (jti,)))

    async def forget_expired(self, now: Micros) -> int:
        return await self._database.write("DELETE FROM revoked_tokens WHERE expires_at <= ?", (now,))
