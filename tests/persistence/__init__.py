"""SQLite's own behaviour, and the parts that stand on the Protocols."""
