"""The JSON schemas (draft-07) of the envelope and of every event type, loaded and compiled.

Packaged ones lie in `schemas/<event type>/<version>.json` and describe the payload; `schemas/envelope/<version>.json`
describes what is around it. `CONTRACTS_PATH` names a folder that overrides them. In it, at any depth, a file's name
says what it describes: `transaction-initiated/1.0.json`, `transaction-initiated.v1.0.json`, or for 1.0 just
`transaction-initiated.json`. A file describes the payload, or, if it has a property `payload`, the whole event. A type
without a file in the folder keeps its packaged schema; a file of no event type that Lakay knows is left alone
(`Catalog.unused`).

An overriding schema may widen enumerations and patterns, and narrow anything. What the domain's records are built from
stays in force in any case: required fields, types, ranges and lengths of the newest packaged schema. What it says of a
context's value (`context.FIELDS`) is left out: a payment is not rejected for the country that a telephone was in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import fastjsonschema
from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError, ValidationError

from lakay_streams.contracts.context import FIELDS as CONTEXT
from lakay_streams.contracts.topics import TOPIC_OF
from lakay_streams.contracts.wellformed import Violation
from lakay_streams.errors import ContractError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

ENVELOPE = "envelope"
INVALID = fastjsonschema.JsonSchemaValueException
"""What `Schema.check` raises."""

_DRAFT_7 = "http://json-schema.org/draft-07/schema"
_FILE_NAME = re.compile(r"(?P<name>[a-z-]+)(?:\.v(?P<version>[0-9]+\.[0-9]+))?")
_VERSION = re.compile(r"[0-9]+\.[0-9]+")
_MAY_WIDEN = frozenset({"enum", "pattern", "const", "format"})

Document = dict[str, Any]


class Schema(NamedTuple):
    """One event type in one version. `check` is fast and raises at the first fault; `violations` lists all."""

    event_type: str
    version: str
    check: Callable[[Any], Any]
    parts: tuple[tuple[str, Document], ...]

    def violations(self, document: Any) -> Iterator[Violation]:
        """Yield every fault of a whole event."""
        for path, schema in self.parts:
            part = document.get(path) if path else document
            if path and not isinstance(part, dict):
                continue  # the first part, the whole event, says so already
            for error in Draft7Validator(schema).iter_errors(part):
                yield from _explained(error, path)


class Catalog(NamedTuple):
    """Every schema in force: event type to version to schema; the envelope alone; files that no event type claims."""

    schemas: Mapping[str, Mapping[str, Schema]]
    envelope: Schema
    unused: tuple[str, ...]


def packaged_documents() -> dict[str, dict[str, Document]]:
    """Return the packaged inbound schemas as they were written: by name (an event type or `envelope`) and version."""
    return _read_folder(resources.files(__package__) / "schemas")[0]


def load_catalog(path: Path | None = None) -> Catalog:
    """Compile the packaged schemas, overridden by those in the folder `path`.

    Raises ContractError for a folder that is missing, has no schema for Lakay, or has one that cannot be used.
    """
    packaged = packaged_documents()
    overriding: dict[str, dict[str, Document]] = {}
    unused: tuple[str, ...] = ()
    if path is not None:
        if not path.is_dir():
            raise ContractError(
                f"CONTRACTS_PATH={path} is not a folder: mount the contracts there, or unset it for the packaged ones"
            )
        overriding, unused = _read_folder(path)
        if not overriding:
            raise ContractError(
                f"CONTRACTS_PATH={path} has no schema of an event that Lakay knows: files are named like"
                " transaction-initiated/1.0.json or transaction-initiated.v1.0.json"
            )
    envelope = newest(packaged[ENVELOPE])
    around: list[tuple[str, Document]] = []
    if ENVELOPE in overriding:
        envelope = _core(envelope)
        around = [("", _without_context(newest(overriding[ENVELOPE])))]
    schemas: dict[str, dict[str, Schema]] = {}
    for event_type in TOPIC_OF:
        own = packaged[event_type]
        versions = schemas[event_type] = {
            version: _compiled(event_type, version, [("", _joined(envelope, payload)), *around])
            for version, payload in own.items()
        }
        whole = _joined(envelope, _core(newest(own)))
        for version, override in overriding.get(event_type, {}).items():
            part = "" if "payload" in override.get("properties", {}) else "payload"
            lenient = _without_context(override)
            versions[version] = _compiled(event_type, version, [("", whole), *around, (part, lenient)])
    return Catalog(schemas, _compiled(ENVELOPE, "1.0", [("", envelope), *around]), unused)


Versioned = TypeVar("Versioned")


def newest(versions: Mapping[str, Versioned], major: int | None = None) -> Versioned:
    """Return the highest version, of one major version if given; raises KeyError where there is none of it."""
    numbers = [[int(part) for part in version.split(".")] for version in versions]
    known = [number for number in numbers if major is None or number[0] == major]
    return versions[".".join(map(str, max(known, default=[])))]


def _compiled(event_type: str, version: str, parts: list[tuple[str, Document]]) -> Schema:
    checks: list[tuple[str, Callable[[Any], Any]]] = []
    try:
        for path, schema in parts:
            # formats are checked where times are read; defaults would change the document
            checks.append((path, fastjsonschema.compile(schema, use_formats=False, use_default=False)))
    except (fastjsonschema.JsonSchemaDefinitionException, re.error) as error:
        raise ContractError(f"the schema of {event_type} {version} cannot be used: {error}") from error

    def check_all(document: Any) -> None:
        for path, check in checks:
            check(document[path] if path else document)

    return Schema(event_type, version, checks[0][1] if len(checks) == 1 else check_all, tuple(parts))


def _joined(envelope: Document, payload: Document) -> Document:
    """Return one schema of the whole event: one compiled function is faster than two."""
    inner = {key: value for key, value in payload.items() if key not in ("$schema", "$id", "examples")}
    return {**envelope, "properties": {**envelope["properties"], "payload": inner}}


def _core(schema: Any) -> Any:
    """Return what records are built from of a packaged schema: all but its enumerations and patterns."""
    if isinstance(schema, list):
        return [_core(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    core = {key: _core(value) for key, value in schema.items() if key not in _MAY_WIDEN or key == "properties"}
    if "properties" in schema:
        core["properties"] = {name: _core(member) for name, member in schema["properties"].items()}
    return core


def _without_context(schema: Document) -> Document:
    """Return an overriding schema without rules for the values of the context; what it requires must still be there."""
    rules = schema.get("properties", {})
    properties = {name: True if name in CONTEXT else rule for name, rule in rules.items()}
    if isinstance(rules.get("payload"), dict):
        properties["payload"] = _without_context(rules["payload"])
    return {**schema, "properties": properties} if rules else schema


def _read_folder(folder: Traversable) -> tuple[dict[str, dict[str, Document]], tuple[str, ...]]:
    """Return the schemas by name and version, and the files that are none of Lakay's inbound schemas."""
    found: dict[str, dict[str, Document]] = {}
    unused: list[str] = []
    for file, parents in _json_files(folder):
        name, version = _name_and_version(file.name, parents)
        if name is None:
            unused.append("/".join((*parents, file.name)))
            continue
        if version in found.setdefault(name, {}):
            raise ContractError(f"{folder} has two schemas for {name} {version}: keep one, {file} is the second")
        found[name][version] = _read(file)
    return found, tuple(unused)


def _json_files(folder: Traversable, parents: tuple[str, ...] = ()) -> Iterator[tuple[Traversable, tuple[str, ...]]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _json_files(entry, (*parents, entry.name))
        elif entry.name.endswith(".json"):
            yield entry, parents


def _name_and_version(file_name: str, parents: tuple[str, ...]) -> tuple[str | None, str]:
    stem = file_name.removesuffix(".json")
    if parents and _VERSION.fullmatch(stem.removeprefix("v")):
        name, version = parents[-1], stem.removeprefix("v")
    elif match := _FILE_NAME.fullmatch(stem):
        name, version = match["name"], match["version"] or "1.0"
    else:
        return None, ""
    return (name, version) if name in TOPIC_OF or name == ENVELOPE else (None, "")


def _read(file: Traversable) -> Document:
    try:
        schema = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"{file} cannot be read as JSON ({error}): correct or remove it") from error
    if not isinstance(schema, dict) or not str(schema.get("$schema", _DRAFT_7)).startswith(_DRAFT_7):
        raise ContractError(f"{file} is not a draft-07 JSON schema: correct it, or set its $schema to {_DRAFT_7}#")
    try:
        Draft7Validator.check_schema(schema)
    except SchemaError as error:
        raise ContractError(f"{file} is not a draft-07 JSON schema: {error.message} at {error.json_path}") from error
    for reference in _references(schema):
        if not reference.startswith("#"):
            raise ContractError(f"{file} refers to {reference}, outside itself: put what it needs into the file")
    return schema


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)


def _explained(error: ValidationError, prefix: str) -> Iterator[Violation]:
    """Say a fault in words that never repeat the value: values are personal data, and reasons are logged."""
    path = prefix
    for step in error.absolute_path:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    rule: Any = error.validator_value
    match error.validator:
        case "required":
            for name in rule:
                if isinstance(error.instance, dict) and name not in error.instance:
                    yield Violation(f"{path}.{name}" if path else name, "is required")
            return
        case "type":
            wanted = " or ".join([rule] if isinstance(rule, str) else rule)
            message = f"must be {wanted}, not {_type_name(error.instance)}"
        case "minLength":
            message = "must not be empty" if rule == 1 else f"must have at least {rule} characters"
        case "maxLength":
            message = f"must have at most {rule} characters"
        case "minItems":
            message = f"must have at least {rule} items"
        case "maxItems":
            message = f"must have at most {rule} items"
        case "minimum":
            message = f"must be at least {rule}"
        case "exclusiveMinimum":
            message = f"must be more than {rule}"
        case "maximum":
            message = f"must be at most {rule}"
        case "enum":
            message = f"must be one of {', '.join(str(choice) for choice in rule if choice is not None)}"
        case "pattern":
            meaning = error.schema.get("description") if isinstance(error.schema, dict) else None
            message = f"must match {rule}" + (f" ({meaning})" if meaning else "")
        case validator:
            message = f"breaks the schema's rule {validator}"
    yield Violation(path or "record", message)


def _type_name(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
