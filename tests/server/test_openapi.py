"""`/api/openapi.json` describes the routes that there are, and nothing else."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import schemathesis
from quart import Quart
from quart.json.provider import DefaultJSONProvider

from server.app import create_app
from server.errors import ANSWERS
from server.routes.openapi import PARAMETERS, REFUSALS, describe
from tests.server.api import operator
from tests.server.live import Live, configured

PATH = "/api/openapi.json"
OF_OPERATORS = {"/healthz", "/readyz", "/metrics"}


@pytest.fixture
def app(tmp_path: Path) -> Quart:
    """A server that does not run."""
    return create_app(configured(tmp_path / "data")).quart


@pytest.fixture
def told(app: Quart) -> Any:
    """The description as others read it."""
    return json.loads(json.dumps(describe(app)))


def _routes(app: Quart) -> Iterator[tuple[str, str, Any]]:
    """Method, path as the description has it, and view of every route that programs use."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/") or rule.rule in OF_OPERATORS:
            path = re.sub(r"<(\w+)>", lambda name: f"{{{PARAMETERS[name[1]][0]}}}", rule.rule)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield method.lower(), path, app.view_functions[rule.endpoint]


def _operations(told: Any) -> Iterator[tuple[str, str, Any]]:
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            yield method, path, operation


def _values(told: Any, key: str) -> Iterator[Any]:
    """Whatever stands under a key, at any depth."""
    if isinstance(told, dict):
        yield from (value for name, value in told.items() if name == key)
        told = list(told.values())
    if isinstance(told, list):
        for each in told:
            yield from _values(each, key)


async def test_it_is_served_to_everybody_with_an_etag(live: Live) -> None:
    """[OA1] 200 without a token, the same bytes for the operator, and 304 for who has them."""
    client = live.app.quart.test_client()

    answer = await client.get(PATH)
    again = await client.get(PATH, headers={"Authorization": f"Bearer {operator(live)}"})
    known = await client.get(PATH, headers={"If-None-Match": answer.headers["ETag"]})

    content = await answer.get_data()
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert json.loads(content) == json.loads(json.dumps(describe(live.app.quart)))
    assert (await again.get_data(), again.headers["ETag"]) == (content, answer.headers["ETag"])
    assert (known.status_code, await known.get_data()) == (304, b"")


def test_it_is_a_valid_description(told: Any) -> None:
    """[OA1] By the schema of OpenAPI 3.1; and each operation has an id of its own."""
    ids = [operation["operationId"] for _, _, operation in _operations(told)]

    assert told["openapi"].startswith("3.1.")
    assert told["info"]["title"] == "Thunderline"
    schemathesis.openapi.from_dict(told).validate()
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere(told: Any) -> None:
    """[OA1] And every schema is in use."""
    references = set(_values(told, "$ref"))
    there = {f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in told["components"][kind]}

    assert references == there


def test_every_route_is_described(app: Quart, told: Any) -> None:
    """[OA2] With its method; the pages and files of the client are not."""
    described = {(method, path) for method, path, _ in _operations(told)}

    assert described == {(method, path) for method, path, _ in _routes(app)}
    assert ("put", "/api/rooms/{room}/assets/{sha256}") in described
    assert len(described) > 30


def test_no_two_types_have_one_name() -> None:
    """[OA3] The description names types; two of one name would be told as one."""
    names = Counter(
        each.__name__
        for name, module in sys.modules.items()
        if name.startswith("server.routes.")
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, msgspec.Struct) and each.__module__ == name
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_every_body_is_described_by_the_type_that_is_parsed(app: Quart, told: Any) -> None:
    """[OA2] [OA3] The type that a view gives to `read_body`."""
    parsed = {}
    for method, path, view in _routes(app):
        body = told["paths"][path][method].get("requestBody")
        found = re.search(r"(?:read_body\(|authorized_with\(room_text, )(\w+)\)", inspect.getsource(view))
        if found:
            parsed[path] = found[1]
            assert body["content"] == {"application/json": {"schema": {"$ref": f"#/components/schemas/{found[1]}"}}}
        else:
            assert body is None or list(body["content"]) == ["application/octet-stream"]

    assert parsed["/api/rooms/{room}/join"] == "Join"
    assert len(parsed) == 11


def test_every_good_answer_is_described(told: Any) -> None:
    """[OA2] JSON by a schema of ours; else it is no JSON, or there is nothing."""
    others = {"application/octet-stream", "application/x-ndjson", "text/csv", "text/plain", "*/*"}
    for method, path, operation in _operations(told):
        good = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
        assert good, (method, path)
        for status, answer in good.items():
            kinds = answer.get("content", {})
            assert bool(kinds) is (status != "204")
            assert set(kinds) <= {"application/json", *others}
            if "application/json" in kinds and path != PATH:
                assert kinds["application/json"]["schema"]["$ref"].startswith("#/components/schemas/")


def test_csv_is_described_where_it_can_be_had(app: Quart, told: Any) -> None:
    """[OA2] With the parameter that asks for it."""
    for method, path, operation in _operations(told):
        asks = "format" in {parameter["name"] for parameter in operation.get("parameters", [])}
        kinds = operation["responses"].get("200", {}).get("content", {})
        assert asks is ("text/csv" in kinds), (method, path)


def test_every_operation_says_what_it_does_and_takes(told: Any) -> None:
    """[OA2] A summary of one sentence, and a word on every parameter, which is in the path if that names it."""
    for _, path, operation in _operations(told):
        assert operation["summary"]
        assert "\n" not in operation["summary"]
        named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        assert all(each["description"] for each in operation.get("parameters", []))


def test_who_needs_a_token_is_told(told: Any) -> None:
    """[OA2] With the refusals that follow from it."""
    free = {(method, path) for method, path, operation in _operations(told) if "security" not in operation}

    assert free == {
        ("get", "/healthz"), ("get", "/readyz"), ("get", "/metrics"), ("get", PATH), ("get", "/api/config"),
        ("post", "/api/rooms/{room}/join"),
    }  # fmt: skip
    assert told["paths"]["/api/rooms"]["post"]["security"] == [{}, {"bearer": []}]
    for method, path, operation in _operations(told):
        assert (method, path) in free or {"401", "403", "429", "503"} <= set(operation["responses"])
    assert told["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


@pytest.mark.parametrize("status", REFUSALS)
def test_errors_carry_the_codes_of_the_table(told: Any, status: int) -> None:
    """[OA2] All codes that have the status, and no other."""
    answer = told["components"]["responses"][f"Refused{status}"]
    schema = answer["content"]["application/json"]["schema"]

    assert schema["required"] == ["error"]
    assert schema["properties"]["error"]["required"] == ["code", "reason"]
    codes = schema["properties"]["error"]["properties"]["code"]["enum"]
    assert codes == [code for code, kept in ANSWERS.items() if kept.http == status]
    assert codes


def test_constraints_of_the_types_are_told(told: Any) -> None:
    """[OA3] In the dialect of JSON Schema."""
    schemas = told["components"]["schemas"]

    assert schemas["NewToken"]["properties"]["sub"]["pattern"] == "^[A-Za-z0-9._@:+=-]{1,128}$"
    assert schemas["Change"]["properties"]["max_people"]["maximum"] == 100_000
    assert schemas["Join"]["required"] == ["name", "guest_key"]
    assert [each["required"] for each in schemas["RevokedToken"]["oneOf"]] == [["token"], ["jti"]]
    patterns = list(_values(told, "pattern"))
    assert patterns
    assert not [each for each in patterns if "\\A" in each or "\\Z" in each]


def test_nothing_of_the_inside_stands_in_it(app: Quart, told: Any, tmp_path: Path) -> None:
    """[OA3] No private name, number of a rule, folder, or secret."""
    text = json.dumps(told)
    names = {*told["components"]["schemas"], *(key for each in _values(told, "properties") for key in each)}
    secret = next((tmp_path / "data").glob("*secret*")).read_bytes().strip()

    assert not [name for name in names if name.startswith("_")]
    assert not re.search(r"\[[A-Z]{2}\d+\]|Raises:|_thunderline", text)
    assert str(tmp_path) not in text
    assert secret
    assert secret.decode("latin-1") not in text


async def test_being_described_changes_nothing_else(live: Live) -> None:
    """[OA4] No page of quart-schema is served, and how answers are made is Quart's own."""
    app = live.app.quart

    for path in ("/docs", "/redocs", "/scalar", "/openapi.json"):
        assert (await app.test_client().get(path)).status_code == 404
    assert "QUART_SCHEMA" not in app.extensions
    assert type(app.json) is DefaultJSONProvider
    assert app.make_response.__func__ is Quart.make_response
    assert app.test_client_class is Quart.test_client_class


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/api/admin/tokens", "OPTIONS, POST"), ("PUT", "/api/config", "GET, HEAD, OPTIONS"),
     ("TRACE", "/api/rooms/room", "DELETE, GET, HEAD, OPTIONS, PATCH")],
)  # fmt: skip
async def test_a_wrong_method_is_told_which_are_right(live: Live, method: str, path: str, allowed: str) -> None:
    """[CL5] 405, though the client's files are asked for by GET at any address beside."""
    answer = await live.app.quart.test_client().open(path, method=method)

    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
