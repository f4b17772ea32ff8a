"""Jars from Maven Central, fetched once into the user's cache folder, and used only as they are pinned.

    folder = fetch(JarSet("kafka-4.1.0", ("org.apache.kafka:kafka_2.13:4.1.0",), PINNED))

jgo resolves the coordinates and downloads in Python alone: neither Maven nor Java is looked for. Where this machine's
`~/.m2/settings.xml` names a mirror of Maven Central, they come from there.

A folder appears whole or not at all: a temporary one is filled, verified, and then renamed. A lock lets the second of
two starting programs wait for the first one's download instead of repeating it. Each `fetch` compares every jar's
SHA-256 with the pinned one; what does not agree is fetched again, and never used.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

from lakay_streams.errors import LakayError, PrerequisiteError

AT_ONCE = 8
"""Downloads at the same time."""

TIMEOUT_S = 30
"""Seconds for which a repository may send nothing."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JarSet:
    """Jars that are used together.

    `name` is their folder's; `coordinates` (`group:artifact:version`) bring what they depend on; `pinned` is the
    SHA-256 of each jar by its file name; `otherwise` ends the error of who cannot have them: what else one can do.
    """

    name: str
    coordinates: tuple[str, ...]
    pinned: Mapping[str, str]
    otherwise: str = ""

    def refused(self, why: str, mend: str) -> PrerequisiteError:
        """The one sentence for who cannot have these jars."""
        ways = f"{mend}, {self.otherwise}" if self.otherwise else mend
        return PrerequisiteError(f"The jars of {self.name} {why}: {ways}.")


def read_pinned(text: str) -> dict[str, str]:
    """Read what `sha256sum *.jar` wrote: the digest of each file by its name."""
    return {name: digest for digest, name in (line.split() for line in text.splitlines())}


def cache_folder() -> Path:
    """Where jars are kept: `$XDG_CACHE_HOME/lakay`, else `~/.cache/lakay`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lakay"


def is_cached(jars: JarSet, cache: Path | None = None) -> bool:
    """Whether `fetch` would find the jars there, as they are pinned."""
    return not _differing((cache or cache_folder()) / jars.name, jars)


def fetch(jars: JarSet, cache: Path | None = None) -> Path:
    """Return the folder with the jars, downloaded at the first call, and again when one of them was changed.

    Raises `PrerequisiteError` when they are not cached and cannot be fetched, when they cannot be written there, and
    when what the repository sends is not what is pinned.
    """
    cache = cache or cache_folder()
    folder = cache / jars.name
    try:
        # Not there, or just being replaced by another process.
        with suppress(FileNotFoundError):
            if not _differing(folder, jars):
                return folder
        cache.mkdir(parents=True, exist_ok=True)
        with alone(cache):
            _make_right(folder, jars)
    except OSError as error:
        raise jars.refused(
            f"cannot be kept in {cache} ({error.strerror or error})",
            "make it a folder that you can write, or name another one in XDG_CACHE_HOME",
        ) from error
    return folder


@contextmanager
def alone(cache: Path) -> Iterator[None]:
    """Wait until nobody else downloads into the cache; a process that dies lets the next one in."""
    with (cache / "download.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _differing(folder: Path, jars: JarSet) -> list[str]:
    """Return which jars are missing, changed, or more than is pinned."""
    found = {path.name: _digest(path) for path in folder.iterdir()} if folder.is_dir() else {}
    return sorted(name for name in jars.pinned.keys() | found.keys() if jars.pinned.get(name) != found.get(name))


def _digest(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _make_right(folder: Path, jars: JarSet) -> None:
    """Put the pinned jars in the folder's place, unless another process has by now."""
    differing = _differing(folder, jars)
    if not differing:
        return
    if folder.exists():
        _log.warning("%s was changed (%s): the jars are fetched again", folder, ", ".join(differing))
    # Only who holds the lock uses this folder, so what is in it was left by a process that died.
    scratch = folder.parent / "download"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        fresh = scratch / jars.name
        fresh.mkdir(parents=True)
        host = _download(fresh, scratch / "repository", jars)
        if wrong := _differing(fresh, jars):
            raise jars.refused(
                f"that {host} sends are not those that are pinned ({len(wrong)} differ, the first is {wrong[0]})",
                "try again, and if they come like that again, do not trust where they come from",
            )
        if folder.exists():
            folder.rename(scratch / "changed")
        fresh.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _download(folder: Path, repository: Path, jars: JarSet) -> str:
    """Fill the folder with the jars and what they depend on; return the host that they come from.

    `repository` keeps the POM files on the way. It is thrown away: jgo takes what an interrupted download left in its
    repository for whole.
    """
    try:
        from jgo.constants import MAVEN_CENTRAL_URL
        from jgo.maven import MavenContext
        from requests import RequestException
    except ImportError as missing:
        raise jars.refused(
            "are fetched by the jgo package, which is not installed", "pip install 'lakay-intelligence[embedded]'"
        ) from missing
    # In a mirror's URL there may be a password: jgo's debug log and some of its errors show the URL.
    logging.getLogger("jgo").setLevel(logging.INFO)
    url = (_mirror_of_central() or MAVEN_CENTRAL_URL).rstrip("/")
    host = str(urlsplit(url).hostname)
    context = MavenContext(repo_cache=repository, remote_repos={"central": url}, timeout=TIMEOUT_S)
    try:
        named, transitive = context.resolver.resolve([context.create_dependency(each) for each in jars.coordinates])
        needed = [*named, *(each for each in transitive if each.scope in {"compile", "runtime"})]
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            for jar in pool.map(lambda dependency: dependency.artifact.resolve(), needed):
                jar.rename(folder / jar.name)
        finally:
            pool.shutdown(cancel_futures=True)
    # jgo passes on what its parts raise, and asserts; a page of a proxy in a POM's place is an error of the XML parser.
    except (RequestException, RuntimeError, ValueError, AssertionError, ElementTree.ParseError) as error:
        said = str(error).partition(" in remote repositories")[0].replace(url, host) or type(error).__name__
        raise jars.refused(
            f"could not be fetched from {host} ({said})",
            "check this machine's access to it, or name a mirror of Maven Central in ~/.m2/settings.xml, and try again",
        ) from error
    return host


def _mirror_of_central() -> str | None:
    """Return the URL that `~/.m2/settings.xml` has in Maven Central's place, if any; by name it goes before a pattern.

    What Maven's settings say of proxies and passwords is not read: HTTPS_PROXY and `~/.netrc` say that.
    """
    settings = Path.home() / ".m2" / "settings.xml"
    if not settings.is_file():
        return None
    try:
        # The user's own file, which Maven trusts as well.
        mirrors = ElementTree.parse(settings).getroot().iterfind("{*}mirrors/{*}mirror")  # noqa: S314
    except (OSError, ElementTree.ParseError) as error:
        raise PrerequisiteError(f"{settings} cannot be read ({error}): mend it, or move it away.") from error
    named = [(mirror.findtext("{*}mirrorOf", "").strip(), mirror.findtext("{*}url", "").strip()) for mirror in mirrors]
    covering = [(mirror_of != "central", url) for mirror_of, url in named if _covers_central(mirror_of)]
    if not covering:
        return None
    url = min(covering, key=lambda one: one[0])[1]
    if not _is_web_address(url):
        raise PrerequisiteError(f"{settings} has a mirror of Maven Central that is no web address: mend its <url>.")
    return url


def _is_web_address(url: str) -> bool:
    try:
        return urlsplit(url).scheme in {"http", "https"} and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _covers_central(mirror_of: str) -> bool:
    """Whether `<mirrorOf>` means Maven Central: by its id, or as one of all, or of all that are elsewhere."""
    patterns = {pattern.strip() for pattern in mirror_of.split(",")}
    return "!central" not in patterns and bool(patterns & {"central", "*", "external:*"})


def main() -> int:
    """Print the digests to pin for what the coordinates bring, in the form that `read_pinned` reads."""
    parser = argparse.ArgumentParser(
        prog="python -m lakay_streams.embedded.maven",
        description="Fetch jars and print their SHA-256, as `sha256sum *.jar` would. Look at them before you pin them.",
    )
    parser.add_argument("coordinates", nargs="+", metavar="GROUP:ARTIFACT:VERSION")
    jars = JarSet("that are to be pinned", tuple(parser.parse_args().coordinates), {})
    try:
        with tempfile.TemporaryDirectory() as scratch:
            _download(Path(scratch), Path(scratch, "repository"), jars)
            for jar in sorted(Path(scratch).glob("*.jar")):
                print(f"{_digest(jar)}  {jar.name}")
    except LakayError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
