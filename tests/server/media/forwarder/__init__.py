"""The forwarder, with real connections."""
