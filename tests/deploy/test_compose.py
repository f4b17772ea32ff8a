"""compose.yaml keeps to the Compose Specification, and to what settings, command line and images there are."""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from compose_pydantic.models import ComposeSpecification
from dotenv import dotenv_values
from pydantic import ValidationError
from typer.core import TyperGroup
from typer.main import get_command

from lakay_streams.cli.app import app
from lakay_streams.embedded.kafka import VERSION, EmbeddedKafka
from lakay_streams.settings import Settings, explain, load_settings
from tests.deploy.composed import COMPOSE, DEPLOY, Unset, read, required, variables
from tests.documents import defaults

PASSWORDS = {name: secrets.token_hex(24) for name, value in dotenv_values(DEPLOY / ".env.example").items() if not value}

#: What .env.example asks for, as somebody fills it in who does what it says.
FILLED_IN = PASSWORDS | {
    "PII_TOKEN_SECRET": secrets.token_hex(32),
    "PII_ENCRYPTION_KEY": b64encode(secrets.token_bytes(32)).decode(),
    "AUDIT_SIGNING_KEY": secrets.token_hex(32),
}
COMPOSED = read(FILLED_IN)
SERVICES: dict[str, dict[str, Any]] = COMPOSED["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("lakay-intelligence:")}

#: Variables of settings that the image sets, since other parts of it depend on them.
OF_THE_IMAGE = {"LAKAY_DATA_DIR", "WORKER_HOST", "WORKER_PORT", "ARCHIVE_PORT", "LAKE_PORT"}

every_service = pytest.mark.parametrize("name", SERVICES)
every_service_of_ours = pytest.mark.parametrize("name", OURS)


def settings_of(name: str, monkeypatch: pytest.MonkeyPatch, given: Mapping[str, str] = FILLED_IN) -> Settings:
    """Load the settings that a service's process would see, with the contracts where they are on this machine."""
    for row in explain(defaults(), env_file=None):
        monkeypatch.delenv(row.variable, raising=False)
    environment = read(given)["services"][name]["environment"]
    (contracts,) = (source for source, target in mounts(SERVICES[name]) if target == "/contracts")
    for variable, value in (environment | {"CONTRACTS_PATH": contracts}).items():
        monkeypatch.setenv(variable, value)
    return load_settings(env_file=None)


def mounts(service: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return source and target of what a service mounts; of an anonymous volume the source is empty."""
    parts = [volume.split(":") for volume in service.get("volumes", [])]
    return [
        ("", part[0]) if len(part) == 1 else (str(DEPLOY / part[0]) if part[0].startswith(".") else part[0], part[1])
        for part in parts
    ]


def test_the_file_keeps_to_the_compose_specification() -> None:
    # The specification takes every key that begins with x-; the models made from its schema know none.
    specified = {key: value for key, value in COMPOSED.items() if not key.startswith("x-")}
    assert set(ComposeSpecification.model_validate(specified).services or ()) == set(SERVICES)


@pytest.mark.parametrize("damage", [{"imag": "x"}, {"depends_on": {"kafka": {"condition": "service_up"}}}])
def test_what_does_not_keep_to_it_is_found(damage: dict[str, Any]) -> None:
    damaged = COMPOSED | {"services": {"worker": SERVICES["worker"] | damage}}
    with pytest.raises(ValidationError):
        ComposeSpecification.model_validate(damaged)


def test_the_example_shows_every_variable_and_leaves_empty_what_has_to_be_set() -> None:
    text = (DEPLOY / ".env.example").read_text()
    shown = set(re.findall(r"^(?:# )?([A-Z_0-9]+)=", text, re.MULTILINE))
    assert shown == variables()
    assert set(PASSWORDS) == required()


@pytest.mark.parametrize("name", sorted(PASSWORDS))
def test_nothing_starts_without_a_secret(name: str) -> None:
    with pytest.raises(Unset, match=name):
        read({other: value for other, value in FILLED_IN.items() if other != name})


def test_the_file_has_no_secret_in_it() -> None:
    masked = {row.variable for row in explain(Settings(), env_file=None) if "*" in row.value}
    text = COMPOSE.read_text()
    for name in masked | set(PASSWORDS):
        for value in re.findall(rf"^ +{name}: *(\S.*)$", text, re.MULTILINE):
            assert re.search(r"\$\{|^redis://redis", value), name


@every_service_of_ours
def test_production_takes_the_settings_of_each_process(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(name, monkeypatch)
    assert not settings.debug
    assert settings.kafka_bootstrap_servers == "kafka:29092"
    assert settings.datalake_bucket == "lakay-data-lake"


@every_service_of_ours
def test_every_variable_of_a_process_is_a_setting(name: str) -> None:
    assert set(OURS[name]["environment"]) <= {row.variable for row in explain(Settings(), env_file=None)}


def test_every_setting_can_be_given() -> None:
    wanted = {row.variable: "given" for row in explain(Settings(), env_file=None)}
    composed = read(wanted | FILLED_IN)["services"]
    able = set().union(*(composed[name]["environment"] for name in OURS))
    missing = wanted.keys() - able - OF_THE_IMAGE
    assert not missing, f"x-tunables in {COMPOSE} does not hand on {sorted(missing)}"


def test_a_threshold_of_the_env_file_reaches_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    given = FILLED_IN | {"FRAUD_HIGH_THRESHOLD": "0.65"}
    assert settings_of("worker", monkeypatch, given).fraud.high_threshold == pytest.approx(0.65)


def test_servers_that_run_elsewhere_are_used_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {
        "DATABASE_URL": "postgresql+asyncpg://lakay:of-its-own-kind@db.internal:5432/lakay",
        "KAFKA_BOOTSTRAP_SERVERS": "one:9092,two:9092",
    }
    settings = settings_of("archive", monkeypatch, FILLED_IN | elsewhere)
    assert settings.database_url.get_secret_value() == elsewhere["DATABASE_URL"]
    assert settings.kafka_bootstrap_servers == elsewhere["KAFKA_BOOTSTRAP_SERVERS"]


@pytest.mark.parametrize(
    ("secret", "known_to"),
    [
        ("DATABASE_OWNER_URL", {"migrate"}),
        ("API_TOKEN", {"lakay"}),
        ("API_TOKENS", {"lakay"}),
        ("WORKER_TOKEN", {"worker", "archive", "lake"}),
    ],
)
def test_a_secret_is_known_to_those_who_need_it(secret: str, known_to: set[str]) -> None:
    services = read(FILLED_IN | {secret: "given"})["services"]
    assert {name for name in SERVICES if secret in services[name].get("environment", {})} == known_to


@every_service_of_ours
def test_every_command_is_one_of_the_command_line(name: str) -> None:
    group = get_command(app)
    for word in OURS[name]["command"]:
        assert isinstance(group, TyperGroup)
        assert word in group.commands
        group = group.commands[word]
    assert not isinstance(group, TyperGroup)


@every_service
def test_a_service_waits_for_what_can_be_waited_for(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        once = wait["condition"] == "service_completed_successfully"
        assert once == (SERVICES[other]["restart"] == "no")
        assert once or "test" in SERVICES[other]["healthcheck"]


@every_service
def test_a_service_that_stays_is_asked_for_its_health_and_has_a_limit(name: str) -> None:
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["restart"] == "no" or service["healthcheck"]["test"][0] == "CMD"


def test_health_is_asked_where_each_process_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = {"lakay": "port", "worker": "worker_port", "archive": "archive_port", "lake": "lake_port"}
    for name, port in ports.items():
        address = SERVICES[name]["healthcheck"]["test"][-1]
        assert address == f"http://127.0.0.1:{getattr(settings_of(name, monkeypatch), port)}/health"


def test_only_the_api_is_open_to_other_machines() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.pop("lakay") == ["8000:8000"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


@every_service
def test_an_image_is_pinned_by_version(name: str) -> None:
    tag = SERVICES[name]["image"].rpartition(":")[2]
    assert re.search(r"\d+\.\d+\.\d+|^\d+\.\d+-|RELEASE\.\d{4}-\d{2}-\d{2}T", tag), tag


def test_the_broker_is_the_version_that_the_tests_run_on() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{VERSION}"


def test_every_mounted_file_and_volume_is_there() -> None:
    named = set()
    for service in SERVICES.values():
        for source, _ in mounts(service):
            if source.startswith("/"):
                assert Path(source).exists(), source
            elif source:
                named.add(source)
    assert named == set(COMPOSED["volumes"])


def test_both_buckets_are_made_and_used() -> None:
    assert SERVICES["minio-setup"]["environment"]["DATALAKE_BUCKET"] == Settings().datalake_bucket
    (script,) = SERVICES["minio-setup"]["command"]
    assert 'mb --ignore-existing "lakay/$DATALAKE_BUCKET" lakay/mlflow-artifacts' in script
    assert "--artifacts-destination=s3://mlflow-artifacts" in SERVICES["mlflow"]["command"]


class ComposedKafka(EmbeddedKafka):
    """Kafka as the service sets it, at this machine's addresses: the image writes KAFKA_LOG_DIRS as log.dirs."""

    def properties(self) -> str:
        given = {
            name.removeprefix("KAFKA_").lower().replace("_", "."): value
            for name, value in SERVICES["kafka"]["environment"].items()
            if name != "KAFKA_HEAP_OPTS"
        }
        places = {
            "listeners": f"INSIDE://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"INSIDE://127.0.0.1:{self.port}",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "log.dirs": str(self.data / "log"),
        }
        assert places.keys() <= given.keys()
        return "".join(f"{name}={value}\n" for name, value in (given | places).items())


def test_a_real_broker_starts_with_the_services_environment() -> None:
    with ComposedKafka() as broker:
        assert broker.exit_code is None
