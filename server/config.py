"""The settings of an installation. `Config` is the one table: each field is an option of `thunderline serve`
(`--max-frame-bytes`), a variable (`THUNDERLINE_MAX_FRAME_BYTES`) and a key of the TOML file (`max_frame_bytes`).

What is given on the command line wins over the environment, that over the file, that over the default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

ENV_PREFIX: Final = "THUNDERLINE_"
CONFIG_VARIABLE: Final = "THUNDERLINE_CONFIG"
"""Names the TOML file, as `--config` does; the only variable of the prefix that is no setting."""

Text = Annotated[str, Meta(min_length=1, max_length=200)]
MIB: Final = 1024 * 1024
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_ICE_HOST: Final = r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
_STUN_ADDRESS: Final = re.compile(rf"stuns?:{_ICE_HOST}")
_TURN_ADDRESS: Final = re.compile(rf"turns?:{_ICE_HOST}(\?transport=(udp|tcp))?")
"""URIs as RFC 7064 and RFC 7065 have them."""
_WEB_ADDRESS: Final = re.compile(r"https?://[!-~]+", re.IGNORECASE)


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this installation runs. Sizes are bytes, times are seconds."""

    host: Annotated[Text, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="TCP port to listen on; 0 takes a free one.")] = 8000
    data: Annotated[Path, Meta(description="Folder that holds the database, the files and the secret.")] = Path("data")
    name: Annotated[Text, Meta(description="Name of this installation, shown on its pages.")] = "Thunderline"
    create_rooms: Annotated[
        Literal["anyone", "token", "admin"],
        Meta(description="Who may create rooms: anyone, holders of any valid token, holders of a token for room '*'."),
    ] = "anyone"
    durability: Annotated[
        Literal["full", "process"],
        Meta(description="What a commit survives: a power cut (full) or a crash of the program (process)."),
    ] = "full"
    trusted_proxy: Annotated[
        bool, Meta(description="A proxy in front terminates TLS, and its X-Forwarded headers are believed.")
    ] = False
    tls_certificate: Annotated[Path | None, Meta(description="PEM file of the certificate chain, to serve TLS.")] = None
    tls_key: Annotated[Path | None, Meta(description="PEM file of the certificate's private key.")] = None
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="What is logged: this level and above.")
    ] = "info"
    token_seconds: Annotated[int, Meta(ge=60, description="How long a room token is good.")] = 86_400
    token_keys: Annotated[
        Path | None,
        Meta(description="JSON Web Key Set with public keys (Ed25519, RSA) of others that may mint room tokens."),
    ] = None
    allowed_origins: Annotated[
        str,
        Meta(
            max_length=4096,
            description="Origins, with commas between, whose pages may use this server; '*' for all, empty: its own.",
        ),
    ] = ""
    tick_seconds: Annotated[
        float, Meta(gt=0, le=1, description="How long updates are gathered before they are committed together.")
    ] = 0.016
    idle_seconds: Annotated[
        float, Meta(gt=0, description="How long a document without anybody on it stays in memory.")
    ] = 60.0
    gap_seconds: Annotated[
        float, Meta(gt=0, le=300, description="How long an update waits for the changes it builds on.")
    ] = 10.0
    slow_seconds: Annotated[
        float, Meta(gt=0, description="How long sending one frame may take before the reader is given up.")
    ] = 30.0
    ping_interval: Annotated[float, Meta(gt=0, description="How often an open socket is pinged.")] = 15.0
    graceful_timeout: Annotated[
        float, Meta(gt=0, description="How long connections may take to end when the server stops.")
    ] = 10.0
    max_frame_bytes: Annotated[
        int, Meta(ge=1024, le=16 * MIB, description="Largest WebSocket message that is accepted.")
    ] = 16 * MIB
    max_frames_per_second: Annotated[
        float, Meta(gt=0, description="Frames that one person may send to a room in the long run.")
    ] = 500.0
    frame_burst: Annotated[int, Meta(ge=1, description="Frames that one person may send to a room at once.")] = 2000
    max_bytes_per_second: Annotated[
        float, Meta(gt=0, description="Bytes that one person may send to a room in the long run.")
    ] = 4.0 * MIB
    byte_burst: Annotated[int, Meta(ge=1024, description="Bytes that one person may send to a room at once.")] = (
        64 * MIB
    )
    outbox_bytes: Annotated[
        int, Meta(ge=1024, description="Bytes that may wait for one reader before it has to catch up from the log.")
    ] = MIB
    max_asset_bytes: Annotated[int, Meta(ge=1, description="Largest file that may be uploaded.")] = 25 * MIB
    room_quota_bytes: Annotated[int, Meta(ge=1, description="Bytes of files that one room may hold.")] = 1024 * MIB
    max_uploads: Annotated[int, Meta(ge=1, le=1000, description="Files that one person may upload at once.")] = 4
    max_people: Annotated[int, Meta(ge=1, le=100_000, description="People that may be in one room at once.")] = 100
    max_elements: Annotated[int, Meta(ge=1, le=1_000_000, description="Elements that one whiteboard may hold.")] = (
        20_000
    )
    max_document_bytes: Annotated[int, Meta(ge=1024, description="Bytes that one document may grow to.")] = 64 * MIB
    retention_days: Annotated[
        int, Meta(ge=0, le=36_500, description="Days that ended sessions and events are kept; 0 keeps them for ever.")
    ] = 0
    thin_days: Annotated[
        int,
        Meta(ge=0, le=36_500, description="Days after which one state an hour is kept of the history; 0 keeps all."),
    ] = 0
    cursor_days: Annotated[
        int,
        Meta(ge=0, le=36_500, description="Days that it is kept where people pointed, for the replay; 0 keeps none."),
    ] = 30
    recording_max_bytes: Annotated[
        int, Meta(ge=1, description="Bytes that the recordings of one room may take; one that comes there ends.")
    ] = 10 * 1024 * MIB
    recording_days: Annotated[
        int, Meta(ge=0, le=36_500, description="Days that recordings of calls are kept; 0 keeps them for ever.")
    ] = 0
    webhook_url: Annotated[
        str, Meta(max_length=2048, description="Address that is told of what happens in rooms; empty for none.")
    ] = ""
    webhook_secret_file: Annotated[
        Path | None, Meta(description="File with the secret that signs what webhook_url is told.")
    ] = None

    stun_urls: Annotated[
        str,
        Meta(
            max_length=4096,
            description="Addresses of STUN servers for calls, with commas between, like stun:stun.example.org:3478.",
        ),
    ] = ""
    turn_urls: Annotated[
        str,
        Meta(
            max_length=4096,
            description="Addresses of TURN servers for calls, with commas between, like turn:turn.example.org:3478.",
        ),
    ] = ""
    turn_secret_file: Annotated[
        Path | None,
        Meta(description="File with the secret that the TURN servers share (static-auth-secret of coturn)."),
    ] = None
    turn_ttl: Annotated[
        int, Meta(ge=60, le=604_800, description="How long the credentials for the TURN servers are good.")
    ] = 3600
    relay_only: Annotated[
        bool, Meta(description="Calls go through the TURN servers alone, so that nobody learns another's address.")
    ] = False
    mesh_limit: Annotated[
        int, Meta(ge=1, le=16, description="People up to whom a call goes directly from browser to browser.")
    ] = 4

    @property
    def serves_tls(self) -> bool:
        """Whether this server itself speaks TLS."""
        return self.tls_certificate is not None and self.tls_key is not None

    @property
    def origins(self) -> frozenset[str]:
        """The members of `allowed_origins`, as browsers write them in `Origin`; `*` stands for any."""
        return frozenset(part.strip().lower() for part in self.allowed_origins.split(",") if part.strip())

    @property
    def stun(self) -> tuple[str, ...]:
        """The members of `stun_urls`."""
        return _members(self.stun_urls)

    @property
    def turn(self) -> tuple[str, ...]:
        """The members of `turn_urls`."""
        return _members(self.turn_urls)


def _members(listed: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in listed.split(",") if part.strip())


class InvalidSetting(Exception):
    """A setting is unknown or has a value it cannot have; the message is a sentence that names where it was given."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table."""

    name: str
    default: object
    description: str
    is_flag: bool
    choices: tuple[str, ...]

    @property
    def option(self) -> str:
        """Its name on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return ENV_PREFIX + self.name.upper()


def settings() -> tuple[Setting, ...]:
    """Every setting, in the order of the table."""
    hints = get_type_hints(Config, include_extras=True)
    return tuple(_setting(field, hints[field.name]) for field in msgspec.structs.fields(Config))


def load_config(
    options: Mapping[str, Any], *, environ: Mapping[str, str] | None = None, file: Path | None = None
) -> Config:
    """Put the settings together.

    Args:
        options: What the command line gave, by setting name; None stands for "not given".
        environ: The environment; the process's own by default. Empty variables count as not given.
        file: The TOML file, if there is one.

    Raises:
        InvalidSetting: A setting is unknown, has an impossible value, or the file cannot be read.
    """
    given: dict[str, Any] = {}
    sources: dict[str, str] = {}
    layers = (
        (_from_file(file) if file is not None else {}, "{name} in " + str(file)),
        (_from_environment(os.environ if environ is None else environ), ENV_PREFIX + "{NAME}"),
        ({name: value for name, value in options.items() if value is not None}, "{option}"),
    )
    for layer, source in layers:
        for name, value in layer.items():
            given[name] = value
            sources[name] = source.format(name=name, NAME=name.upper(), option="--" + name.replace("_", "-"))
    config = _convert(given, sources)
    _check(config, sources)
    return config


def _check(config: Config, sources: Mapping[str, str]) -> None:
    """What the types of the table cannot say."""
    if (config.tls_certificate is None) != (config.tls_key is None):
        raise InvalidSetting("tls_certificate and tls_key are given together or not at all.")
    for origin in config.origins - {"*"}:
        if not _ORIGIN.fullmatch(origin):
            raise InvalidSetting(
                f"{sources['allowed_origins']} cannot hold {origin!r}: an origin is like https://example.org, without "
                "a path."
            )
    if config.webhook_url and not _WEB_ADDRESS.fullmatch(config.webhook_url):
        raise InvalidSetting(f"{sources['webhook_url']} must be an address that begins with https:// or http://.")
    if config.webhook_secret_file is not None and not config.webhook_url:
        raise InvalidSetting(f"{sources['webhook_secret_file']} is of no use without webhook_url.")
    _check_ice(config, sources)


def _check_ice(config: Config, sources: Mapping[str, str]) -> None:
    for name, members, form, like in (
        ("stun_urls", config.stun, _STUN_ADDRESS, "stun:stun.example.org:3478"),
        ("turn_urls", config.turn, _TURN_ADDRESS, "turn:turn.example.org:3478?transport=udp"),
    ):
        for member in members:
            if not form.fullmatch(member):
                raise InvalidSetting(f"{sources[name]} cannot hold {member!r}: an address is like {like}.")
    if bool(config.turn) != (config.turn_secret_file is not None):
        raise InvalidSetting("turn_urls and turn_secret_file are given together or not at all.")
    if config.relay_only and not config.turn:
        raise InvalidSetting(f"{sources['relay_only']} is of no use without turn_urls.")


def _from_file(file: Path) -> dict[str, Any]:
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as exc:
        raise InvalidSetting(f"The configuration file {file} cannot be read: {exc.strerror or exc}.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise InvalidSetting(f"The configuration file {file} is not TOML: {exc}.") from exc
    known = {setting.name for setting in settings()}
    for name in given:
        if name not in known:
            raise InvalidSetting(f"There is no setting called {name} (in {file}).")
    return given


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    by_variable = {setting.variable: setting.name for setting in settings()}
    given = {}
    for variable, value in environ.items():
        if variable.startswith(ENV_PREFIX) and variable != CONFIG_VARIABLE and value != "":
            if variable not in by_variable:
                raise InvalidSetting(f"There is no setting called {variable} (in the environment).")
            given[by_variable[variable]] = value
    return given


def _convert(given: dict[str, Any], sources: Mapping[str, str]) -> Config:
    try:
        return msgspec.convert(given, Config, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as exc:
        wrong = re.search(r"(.*) - at `\$\.(\w+)", str(exc))
        if wrong is None:
            raise InvalidSetting(f"The settings are not valid: {exc}.") from exc
        why, name = wrong.groups()
        raise InvalidSetting(f"{sources[name]} cannot be {given[name]!r}: {why}.") from exc


def _decode(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str | Path) and str(value):
        return Path(value).expanduser()
    raise ValueError("Expected a path")


def _setting(field: msgspec.structs.FieldInfo, hint: Any) -> Setting:
    kind, *metas = get_args(hint)
    description = next(meta.description for meta in reversed(metas) if meta.description)
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    return Setting(field.name, field.default, description, kind is bool, choices)
