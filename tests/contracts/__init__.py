"""One suite per Protocol of `persistence.interfaces`; a store passes by subclassing it with a `stores` fixture."""
