"""`/api/openapi.json`: the REST API described as OpenAPI 3.1, from the routes themselves and the types they parse."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from quart import Blueprint, Quart, Response, current_app, request
from quart_schema import DataSource, QuartSchema
from quart_schema.openapi import HttpSecurityScheme, Info, OpenAPIProvider, Tag
from werkzeug.routing.rules import Rule

from server.errors import ANSWERS
from server.routes.described import Described, Refused, Token, described, description_of
from server.routes.health import VERSION

openapi = Blueprint("openapi", __name__)

_BUILT: Final = "thunderline_openapi"
_SCHEME: Final = "bearer"
_SAFE: Final = frozenset({"get", "head", "options"})
_REFERENCE: Final = "#/components/schemas/{name}"
_MARK: Final = re.compile(r"\[[A-Z]{2}\d+\] ?")
"""The number of a rule, in docstrings."""
_SECTION: Final = re.compile(r"\n\n(?:Args|Returns|Raises|Yields):\n")

ABOUT: Final = (
    "Rooms of a Thunderline server, the people in them, their files, and the server's administration. Documents and "
    "presence travel over WebSockets, which docs/reference.md describes.\n\n"
    "Instants are microseconds since 1970, in UTC. A bearer token opens one room, or every room (`*`); "
    "`/api/admin` takes the operator's, which every other route accepts too. Every error is "
    '`{"error": {"code", "reason"}}`: programs go by the code, the reason is for people.'
)
TAGS: Final[Mapping[str, str]] = {
    "rooms": "Making, joining, reading, changing and deleting rooms.",
    "members": "What those who moderate do to one person.",
    "invitations": "Links that let people in with a role.",
    "statistics": "What happened in a room, for those who moderate it.",
    "history": "How the room's documents came to be.",
    "marks": "Named moments of a room.",
    "recordings": "Recorded calls, a file for each voice and picture.",
    "branches": "Starting again from a moment.",
    "export": "What of a history can be taken along.",
    "assets": "Files of a room, by the hash of their content.",
    "admin": "The whole installation; the operator's token alone.",
    "health": "What operators and pages ask first.",
    "openapi": "This description.",
}
"""Every blueprint that is described, by its name; the browser client's files are not."""
PARAMETERS: Final[Mapping[str, tuple[str, Mapping[str, Any], str]]] = {
    "room_text": ("room", {"pattern": "^[A-Za-z0-9_-]{1,64}$"}, "The room's id."),
    "user": ("user", {"minLength": 1}, "The person's id: the `sub` of his tokens."),
    "id_": ("id", {"pattern": "^[0-9a-f]{16}$"}, "The invitation's id; its key is another thing."),
    "mark": ("mark", {"pattern": "^[0-9a-f]{16}$"}, "The mark's id."),
    "recording": ("recording", {"pattern": "^[0-9a-f]{16}$"}, "The recording's id."),
    "track_file": ("file", {"pattern": "^[0-9]{1,6}-(mic|camera|screen|sound)\\.(webm|mkv)$"}, "The file's name."),
    "document_text": (
        "document",
        {"pattern": "^(whiteboard|chat|doc-[A-Za-z0-9_-]{1,64})$"},
        "The document's name.",
    ),
    "sha256": ("sha256", {"pattern": "^[0-9a-f]{64}$"}, "The SHA-256 of the file's bytes, in lower-case hexadecimal."),
}
"""How the parameters of paths are told: name, schema, meaning."""
_ONE_OF: Final = {"RevokedToken": ("token", "jti")}
"""Types of which exactly one field is to be there, which no annotation says."""
REFUSALS: Final[Mapping[int, str]] = {
    400: "Something in the request does not have the form it must have.",
    401: "There is no token, or none that is good here.",
    403: "The person may not do that now, or may not come in.",
    404: "There is no such thing.",
    410: "The room was deleted.",
    409: "It is so already, or not any more.",
    416: "There is nothing at that instant, or in that range.",
    413: "It is more than is accepted at once, or more than the room may hold.",
    429: "Too much in too short a time, or too many people; Retry-After says how many seconds to wait.",
    503: "The storage does not answer, or the server is about to stop.",
}
"""The statuses of errors that routes describe. 500 is nobody's expectation, 405 no operation's."""


@openapi.get("/api/openapi.json")
@described(
    token=Token.NONE,
    responses={
        200: {"description": "OpenAPI 3.1.", "content": {"application/json": {"schema": {"type": "object"}}}},
        304: {"description": "It is the one that If-None-Match names."},
    },
)
async def document() -> Response:
    """[OA1] This description. It is made once, and the same for everybody."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    content, etag = app.extensions.get(_BUILT) or app.extensions.setdefault(_BUILT, _build(app))
    unchanged = etag in request.if_none_match
    response = Response(
        b"" if unchanged else content, status=304 if unchanged else 200, content_type="application/json"
    )  # fmt: skip
    response.headers["ETag"] = f'"{etag}"'
    response.headers["Cache-Control"] = "no-cache"
    return response


def _build(app: Quart) -> tuple[bytes, str]:
    content = msgspec.json.encode(describe(app))
    return content, hashlib.sha256(content).hexdigest()[:32]


def describe(app: Quart) -> dict[str, Any]:
    """The description of all routes of an application, as an OpenAPI 3.1 document.

    QuartSchema itself is never initialised: it would wrap how answers are made and serve pages that load scripts from
    elsewhere. Only its provider is used, which walks the routes and what its decorators left on them.
    """
    settings = QuartSchema(
        info=Info(title="Thunderline", version=VERSION, description=ABOUT),
        tags=[Tag(name, description) for name, description in TAGS.items()],
        security_schemes={_SCHEME: HttpSecurityScheme("bearer", "JWT")},
    )
    told = _Provider(app, settings).schema()
    schemas = told["components"]["schemas"]
    for name, fields in _ONE_OF.items():
        schemas[name]["oneOf"] = [{"required": [each], "properties": {each: {"type": "string"}}} for each in fields]
    told["components"]["schemas"] = dict(sorted(schemas.items()))
    told["components"]["responses"] = {f"Refused{status}": _refusal(status) for status in REFUSALS}
    return told


class _Provider(OpenAPIProvider):
    """Quart-schema's walk over the routes; msgspec tells the types, and routes say more than its decorators can."""

    def generate_rules(self) -> Iterable[Rule]:
        return (rule for rule in super().generate_rules() if rule.endpoint.partition(".")[0] in TAGS)

    def operation_id(self, method: str, path: str, func: object) -> str | None:
        return None  # it would not be unique: build_paths gives it

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        said = description_of(self._app.view_functions[rule.endpoint])
        told: dict[str, Any] = {}
        for path, operations in paths.items():
            for method, operation in operations.items():
                operation["operationId"] = rule.endpoint.replace(".", "_")
                operation["tags"] = [rule.endpoint.partition(".")[0]]
                _say(operation, method, said)
            told[_renamed(path)] = operations
        return told, components

    def build_path_parameter(self, name: str, converter: object) -> dict[str, Any]:
        called, schema, description = PARAMETERS[name]
        told = {"type": "string", **schema}
        return {"name": called, "in": "path", "required": True, "description": description, "schema": told}

    def build_querystring_parameters(self, model: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        return _parameters(model, "query"), {}

    def build_headers_parameters(self, model: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        return _parameters(model, "header"), {}

    def build_request_body(self, model: Any, source: DataSource) -> tuple[dict[str, Any], dict[str, Any]]:
        schema, components = _schema_of(model)
        required = model.__name__ in _ONE_OF or bool(components[model.__name__]["required"])
        return {"required": required, "content": {"application/json": {"schema": schema}}}, components

    def build_response_object(self, model: Any, headers_model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        schema, components = _schema_of(model)
        description = components[model.__name__]["description"]
        return {"description": description, "content": {"application/json": {"schema": schema}}}, components


def _say(operation: dict[str, Any], method: str, said: Described) -> None:
    """Complete an operation with what follows from it and what its route said."""
    operation |= _words(f"{operation.pop('summary')}\n{operation.pop('description')}")
    if said.body is not None:
        operation["requestBody"] = said.body
    responses = operation["responses"] = {**operation["responses"], **said.responses}
    if said.csv:
        responses[200]["content"]["text/csv"] = {"schema": {"type": "string"}}
    for status in _refusals(operation, method, said):
        responses.setdefault(status, {"$ref": f"#/components/responses/Refused{status}"})
    operation["responses"] = {str(status): responses[status] for status in sorted(responses)}
    if said.token is not Token.NONE:
        operation["security"] = [{_SCHEME: []}] if said.token is Token.NEEDED else [{}, {_SCHEME: []}]


def _refusals(operation: Mapping[str, Any], method: str, said: Described) -> set[int]:
    """The errors that an operation may answer with."""
    statuses = set(said.refuses)
    places = {(each["in"], each["name"]) for each in operation["parameters"]}
    if said.token is not Token.NONE:
        statuses |= {401, 403, 429, 503}
    if method not in _SAFE:
        statuses.add(403)
    if "requestBody" in operation:
        statuses |= {400, 413}
    if any(place == "query" for place, _ in places):
        statuses.add(400)
    if ("path", "room") in places:
        statuses |= {404, 410, 503}
    return statuses


def _words(docstring: str) -> dict[str, str]:
    """Summary and description: the first sentence, and what follows; without numbers of rules and lists of errors."""
    text = _MARK.sub("", _SECTION.split(docstring, maxsplit=1)[0])
    first, *others = (" ".join(part.split()) for part in text.split("\n\n"))
    summary, _, rest = first.partition(". ")
    description = "\n\n".join(part for part in (rest, *others) if part)
    return {"summary": summary.removesuffix("."), **({"description": description} if description else {})}


def _renamed(path: str) -> str:
    for name, (called, _, _) in PARAMETERS.items():
        path = path.replace(f"{{{name}}}", f"{{{called}}}")
    return path


def _parameters(model: type[msgspec.Struct], place: str) -> list[dict[str, Any]]:
    _, components = _schema_of(model)
    told = []
    for name, schema in components[model.__name__]["properties"].items():
        called = name.replace("_", "-").title() if place == "header" else name
        description = schema.pop("description", "")
        told.append({"name": called, "in": place, "description": description, "schema": schema})
    return told


def _schema_of(model: type[msgspec.Struct]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A reference to the schema of a type, and the schemas of it and of all that it is made of, by name."""
    [schema], components = msgspec.json.schema_components([model], ref_template=_REFERENCE)
    return schema, {name: _as_ecma(each) for name, each in components.items()}


def _as_ecma(schema: Any) -> Any:
    """Patterns in the dialect of JSON Schema, which has no `\\A` and `\\Z`."""
    if isinstance(schema, dict):
        return {
            key: value.replace(r"\A", "^").replace(r"\Z", "$") if key == "pattern" else _as_ecma(value)
            for key, value in schema.items()
        }
    return [_as_ecma(each) for each in schema] if isinstance(schema, list) else schema


def _refusal(status: int) -> dict[str, Any]:
    """The answer to all errors of one status, with the codes of the table that have it."""
    _, components = msgspec.json.schema_components([Refused], ref_template="{name}")
    codes = [code for code, answer in ANSWERS.items() if answer.http == status]
    error, told = components["Error"], components["Refused"]
    error["properties"]["code"]["enum"] = codes
    told["properties"]["error"] = error
    return {"description": REFUSALS[status], "content": {"application/json": {"schema": told}}}
