"""One suite per Protocol of `persistence.interfaces`; a store passes by subclassing it and giving a `stores` fixture."""
