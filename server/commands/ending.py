"""How a command ends when it cannot be done."""

from __future__ import annotations

from typing import Final

EXIT_FAULT: Final = 1
"""What was checked is not as it should be."""
EXIT_USAGE: Final = 2
"""A setting or an argument is wrong."""
EXIT_ADDRESS: Final = 3
"""The address cannot be listened on."""
EXIT_DATA: Final = 4
"""The data folder cannot be used."""


class CannotBeDone(Exception):
    """A command ends here; the message is a sentence for the operator."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
