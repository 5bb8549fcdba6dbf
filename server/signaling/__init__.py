"""The /signal socket: typed messages about who is here."""
