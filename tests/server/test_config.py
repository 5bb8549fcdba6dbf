"""Settings: four sources, one table."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.config import InvalidSetting, Setting, load_config, settings


def test_the_command_line_wins_over_environment_file_and_default(tmp_path: Path) -> None:
    """[CF1] Precedence: option, variable, file, default."""
    file = tmp_path / "t.toml"
    file.write_text('name = "file"\nport = 1\nhost = "::1"\n')

    config = load_config({"name": "option", "port": None}, environ={"THUNDERLINE_PORT": "2"}, file=file)

    assert (config.name, config.port, config.host, config.durability) == ("option", 2, "::1", "full")


@pytest.mark.parametrize("setting", settings(), ids=lambda setting: setting.name)
def test_every_setting_can_be_given_by_variable_and_has_a_description(setting: Setting) -> None:
    """[CF2] One table drives all sources."""
    default = getattr(load_config({}, environ={}), setting.name)
    environ = {} if default is None else {setting.variable: str(default).lower() if setting.is_flag else str(default)}

    assert getattr(load_config({}, environ=environ), setting.name) == default
    assert setting.description.endswith(".")


@pytest.mark.parametrize(
    ("options", "environ", "text", "names"),
    [
        ({}, {"THUNDERLINE_SPEED": "1"}, "", "THUNDERLINE_SPEED"),
        ({}, {}, "speed = 1", "speed"),
        ({"port": "70000"}, {}, "", "--port"),
        ({}, {"THUNDERLINE_PORT": "x"}, "", "THUNDERLINE_PORT"),
        ({}, {}, 'durability = "none"', "durability"),
        ({}, {}, "port = ", "not TOML"),
        ({"tls_key": "k.pem"}, {}, "", "tls_certificate"),
        ({"allowed_origins": "https://a.example, b.example"}, {}, "", "--allowed-origins cannot hold 'b.example'"),
        ({}, {"THUNDERLINE_ALLOWED_ORIGINS": "https://a.example/"}, "", "THUNDERLINE_ALLOWED_ORIGINS"),
        ({}, {}, 'webhook_url = "ftp://a.example"', "webhook_url in"),
        ({"webhook_secret_file": "s"}, {}, "", "webhook_url"),
        ({"stun_urls": "stun:a.example, b.example"}, {}, "", "--stun-urls cannot hold 'b.example'"),
        ({"turn_urls": "turn:a.example?transport=tls", "turn_secret_file": "s"}, {}, "", "--turn-urls cannot hold"),
        ({"turn_urls": "turn:a.example"}, {}, "", "turn_secret_file"),
        ({"relay_only": True}, {}, "", "--relay-only"),
    ],
)
def test_an_unknown_or_impossible_setting_is_named_in_a_sentence(
    tmp_path: Path, options: dict[str, str], environ: dict[str, str], text: str, names: str
) -> None:
    """[CF3] Nothing that was given is ignored."""
    file = tmp_path / "t.toml"
    file.write_text(text)

    with pytest.raises(InvalidSetting, match=names) as refused:
        load_config(options, environ=environ, file=file)
    assert str(refused.value).endswith(".")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """[CF4] A missing file is no empty file."""
    with pytest.raises(InvalidSetting, match=r"missing\.toml"):
        load_config({}, environ={}, file=tmp_path / "missing.toml")


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", set()),
        ("*", {"*"}),
        ("https://A.example:8443, http://[::1]:3000,", {"https://a.example:8443", "http://[::1]:3000"}),
    ],
)
def test_origins_are_given_as_browsers_write_them(text: str, origins: set[str]) -> None:
    """[CF5] A comma list; scheme and host in lower case."""
    assert load_config({"allowed_origins": text}, environ={}).origins == origins
