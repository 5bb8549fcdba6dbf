"""What a recording consists of, as a JSON file beside its tracks. Instants are microseconds of the room's clock."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from persistence.errors import CorruptStorage
from persistence.sqlite.migrations import sync_folder

MANIFEST_NAME: Final = "manifest.json"
FILE_NAME: Final = r"^[0-9]{1,6}-(mic|camera|screen|sound)\.(webm|mkv)$"
Kind = Literal["mic", "camera", "screen", "sound"]
"""`sound` is a screen's."""


class RecordedTrack(Struct, forbid_unknown_fields=True):
    """One file: what one page sent of one kind, without a break in its codec. `end` 0: it is being written."""

    session: str
    user: str
    kind: Kind
    file: Annotated[str, Meta(pattern=FILE_NAME)]
    codec: Literal["VP8", "H264", "opus"]
    start: int
    end: int = 0
    bytes: int = 0


class Manifest(Struct, forbid_unknown_fields=True):
    """A recording. `ended_at` 0: it runs, or was cut off; `stopped_by` says who or what ended it."""

    id: str
    room: str
    by: str
    started_at: int
    ended_at: int = 0
    stopped_by: str = ""
    tracks: list[RecordedTrack] = msgspec.field(default_factory=list)


_decoder: Final = msgspec.json.Decoder(Manifest)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """[RC8] Replace what is told of a recording, durably; a crash leaves the old or the new one.

    Raises:
        OSError: The old one stands.
    """
    draft = folder / f"{MANIFEST_NAME}.draft"
    with draft.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest)))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / MANIFEST_NAME)
    sync_folder(folder)


def read_manifest(folder: Path) -> Manifest:
    """What is told of a recording.

    Raises:
        CorruptStorage: It is not what was written.
        OSError: It cannot be read.
    """
    try:
        return _decoder.decode((folder / MANIFEST_NAME).read_bytes())
    except msgspec.DecodeError as exc:
        raise CorruptStorage(f"The manifest in {folder} cannot be read: {exc}") from exc
