"""Signed heads: the installation says with its key that a log had this link at that row.

Who keeps one can show later that the history before it was changed, even by those who run the server.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from persistence.chain import head_message
from persistence.interfaces import Micros, SignedHead, Tip
from server.key_files import SecretUnusable, make_key_file

KEY_NAME: Final = "history-key.pem"


class SigningKey:
    """The installation's Ed25519 key for heads."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        """The public key, 32 bytes."""

    def sign(self, tip: Tip, at: Micros) -> SignedHead:
        """Say that the log is like this at that instant."""
        signature = self.sign_message(head_message(tip.origin, tip.document.name, tip.seq, tip.link, at))
        return SignedHead(tip.document, tip.origin, tip.seq, tip.link, at, self.public, signature)

    def sign_message(self, message: bytes) -> bytes:
        """The signature, 64 bytes; each kind of message begins with a tag of its own."""
        return self._key.sign(message)


def is_genuine(head: SignedHead) -> bool:
    """Whether the head's signature is that of the key which it names; whose key that is, is another question."""
    message = head_message(head.origin, head.document.name, head.seq, head.link, head.at)
    return is_signed(head.key, head.signature, message)


def is_signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether that is the signature of that public key."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public: bytes) -> str:
    """A short name of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return sha256(public).hexdigest()[:16]


def load_signing_key(folder: Path) -> SigningKey:
    """[SH1] The key in `history-key.pem` of the data folder (PKCS #8), made there (mode 0600) if missing.

    Raises:
        SecretUnusable: The folder cannot be written, or the file holds no such key.
    """
    path = folder / KEY_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            made = Ed25519PrivateKey.generate()
            make_key_file(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii"))
        return read_signing_key(path)
    except OSError as exc:
        raise SecretUnusable(f"The data folder {folder} cannot be used: {exc.strerror or exc}.") from exc


def read_signing_key(path: Path) -> SigningKey:
    """The key in a file.

    Raises:
        OSError: It cannot be read.
        SecretUnusable: It holds no such key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as exc:  # cryptography has no error of its own for this
        raise SecretUnusable(f"{path} does not hold a private key.") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise SecretUnusable(f"{path} does not hold an Ed25519 key.")
    return SigningKey(key)
