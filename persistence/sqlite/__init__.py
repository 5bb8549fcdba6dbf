"""Everything that is kept, in one SQLite file and a folder of assets."""

from persistence.sqlite.stores import DATABASE_NAME, SqliteStores, open_sqlite

__all__ = ["DATABASE_NAME", "SqliteStores", "open_sqlite"]
