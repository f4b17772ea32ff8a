"""Jars come from a Maven repository whole and as they are pinned, or not at all.

The repository is a small one on this machine, named as a mirror where a person's Maven would look for one.
"""

from __future__ import annotations

import gc
import hashlib
import logging
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from lakay_streams.embedded.maven import JarSet, cache_folder, fetch, is_cached, read_pinned
from lakay_streams.errors import PrerequisiteError

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

APP, LIBRARY, FOR_TESTS = b"the jar of the application", b"the jar of what it needs", b"the jar of what its tests need"


def pom(artifact: str, *needs: tuple[str, str]) -> bytes:
    dependencies = "".join(
        f"<dependency><groupId>example</groupId><artifactId>{needed}</artifactId><version>1</version>"
        f"<scope>{scope}</scope></dependency>"
        for needed, scope in needs
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>example</groupId>"
        f"<artifactId>{artifact}</artifactId><version>1</version><dependencies>{dependencies}</dependencies></project>"
    ).encode()


class Repository(ThreadingHTTPServer):
    """A Maven repository with an application and the library that it needs."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files = {
            "/example/app/1/app-1.pom": pom("app", ("library", "runtime"), ("for-tests", "test")),
            "/example/app/1/app-1.jar": APP,
            "/example/library/1/library-1.pom": pom("library"),
            "/example/library/1/library-1.jar": LIBRARY,
            "/example/for-tests/1/for-tests-1.pom": pom("for-tests"),
            "/example/for-tests/1/for-tests-1.jar": FOR_TESTS,
        }
        self.asked: Counter[str] = Counter()
        #: Paths whose connection is closed before all is sent.
        self.cut_off: set[str] = set()
        #: Set once somebody has asked for a jar, which is sent when `_goes_on` is set.
        self.downloads, self._goes_on = threading.Event(), threading.Event()
        self._goes_on.set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Send no jar meanwhile."""
        self._goes_on.clear()
        try:
            yield
        finally:
            self._goes_on.set()

    def wait_to_send(self) -> None:
        """Tell that somebody asks for a jar, and wait until it may be sent."""
        self.downloads.set()
        self._goes_on.wait()

    @property
    def jars_sent(self) -> Counter[str]:
        return Counter({path.rpartition("/")[2]: n for path, n in self.asked.items() if path.endswith(".jar")})


class _Answer(BaseHTTPRequestHandler):
    server: Repository
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        content = self.server.files.get(self.path)
        if self.path.endswith(".jar"):
            self.server.wait_to_send()
        self.send_response(404 if content is None else 200)
        content = content or b""
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if self.path in self.server.cut_off else content)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home folder, and no programs.

    jgo closes no connection whose answer it does not read: they are collected here, not in another test.
    """
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    yield tmp_path
    gc.collect()


def mirror(home: Path, *named: tuple[str, str]) -> None:
    """Name mirrors as a person does for Maven."""
    mirrors = "".join(
        f"<mirror><id>m{n}</id><mirrorOf>{of}</mirrorOf><url>{url}</url></mirror>" for n, (of, url) in enumerate(named)
    )
    (home / ".m2").mkdir(exist_ok=True)
    (home / ".m2" / "settings.xml").write_text(
        f'<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0"><mirrors>{mirrors}</mirrors></settings>'
    )


@pytest.fixture
def jars(home: Path, repository: Repository) -> JarSet:
    mirror(home, ("central", url_of(repository)))
    return pinned()


def pinned(app: bytes = APP) -> JarSet:
    content = {"app-1.jar": app, "library-1.jar": LIBRARY}
    digests = {name: hashlib.sha256(jar).hexdigest() for name, jar in content.items()}
    return JarSet("app-1", ("example:app:1",), digests, otherwise="or do without")


def url_of(repository: Repository, credentials: str = "") -> str:
    return f"http://{credentials}127.0.0.1:{repository.server_port}"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def left_in(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


def fetching() -> subprocess.Popen[str]:
    """A process of its own that fetches the jars into the cache of the same home."""
    program = "from tests.embedded.test_maven import fetch, pinned; print(fetch(pinned()))"
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


def wait_for_the_lock(pid: int) -> None:
    """Wait until the process has opened the lock that another one holds."""
    lock = str(cache_folder() / "download.lock")
    while lock not in {file.path for file in psutil.Process(pid).open_files()}:
        time.sleep(0.01)


def test_a_coordinate_brings_its_jar_and_what_it_needs_to_run(jars: JarSet) -> None:
    folder = fetch(jars)
    assert folder == cache_folder() / "app-1"
    assert contents(folder) == {"app-1.jar": APP, "library-1.jar": LIBRARY}
    assert left_in(cache_folder()) == ["app-1", "download.lock"]


def test_what_is_cached_is_used_without_a_network_and_without_writing(jars: JarSet, repository: Repository) -> None:
    folder = fetch(jars)
    repository.asked.clear()
    # Opening the lock would fail.
    (cache_folder() / "download.lock").unlink()
    (cache_folder() / "download.lock").mkdir()
    assert fetch(jars) == folder
    assert not repository.asked


@pytest.mark.parametrize("damage", ["changed", "added", "lost", "a folder"])
def test_jars_that_are_not_as_pinned_are_fetched_again_and_told(
    jars: JarSet, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = fetch(jars)
    if damage == "added":
        (folder / "more.jar").write_bytes(b"")
    else:
        (folder / "app-1.jar").unlink()
    if damage == "changed":
        (folder / "app-1.jar").write_bytes(b"another jar")
    if damage == "a folder":
        (folder / "app-1.jar").mkdir()
    assert not is_cached(jars)
    assert contents(fetch(jars)) == {"app-1.jar": APP, "library-1.jar": LIBRARY}
    assert is_cached(jars)
    assert left_in(cache_folder()) == ["app-1", "download.lock"]
    (told,) = caplog.messages
    assert ("more.jar" if damage == "added" else "app-1.jar") in told


def test_a_repository_that_sends_other_jars_than_pinned_is_refused(home: Path, repository: Repository) -> None:
    mirror(home, ("central", url_of(repository)))
    with pytest.raises(
        PrerequisiteError, match=r"1 differ, the first is app-1\.jar.* do not trust .*, or do without\.$"
    ):
        fetch(pinned(app=b"what somebody looked at"))
    assert left_in(cache_folder()) == ["download.lock"]


def test_changed_jars_are_not_used_where_they_cannot_be_fetched_again(jars: JarSet, repository: Repository) -> None:
    (fetch(jars) / "app-1.jar").write_bytes(b"another jar")
    repository.files.clear()
    with pytest.raises(PrerequisiteError, match="could not be fetched"):
        fetch(jars)


@pytest.mark.parametrize("cut_off", ["/example/app/1/app-1.jar", "/example/app/1/app-1.pom"])
def test_a_download_that_breaks_off_leaves_nothing_and_works_the_next_time(
    jars: JarSet, repository: Repository, cut_off: str
) -> None:
    repository.cut_off = {cut_off}
    with pytest.raises(PrerequisiteError, match=r"could not be fetched from 127\.0\.0\.1"):
        fetch(jars)
    assert left_in(cache_folder()) == ["download.lock"]
    repository.cut_off = set()
    assert contents(fetch(jars)) == {"app-1.jar": APP, "library-1.jar": LIBRARY}


def test_a_process_killed_while_it_downloads_stops_nobody_after_it(jars: JarSet, repository: Repository) -> None:
    with repository.held(), fetching() as killed:
        assert repository.downloads.wait(60)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert "download" in left_in(cache_folder())
    assert contents(fetch(jars)) == {"app-1.jar": APP, "library-1.jar": LIBRARY}
    assert left_in(cache_folder()) == ["app-1", "download.lock"]


def test_two_processes_that_start_at_once_download_each_jar_once(jars: JarSet, repository: Repository) -> None:
    with repository.held():
        first, second = fetching(), fetching()
        assert repository.downloads.wait(60)
        wait_for_the_lock(first.pid)
        wait_for_the_lock(second.pid)
    said = {first.communicate()[0], second.communicate()[0]}
    assert said == {f"{cache_folder() / jars.name}\n"}
    assert repository.jars_sent == {"app-1.jar": 1, "library-1.jar": 1}


@pytest.mark.parametrize("page", [b"<html><body><p>Please log in<br></body></html>", b"{}"], ids=["HTML", "JSON"])
def test_a_page_in_a_poms_place_is_one_sentence(jars: JarSet, repository: Repository, page: bytes) -> None:
    repository.files["/example/app/1/app-1.pom"] = page
    with pytest.raises(PrerequisiteError, match="could not be fetched") as refused:
        fetch(jars)
    assert "\n" not in str(refused.value)


def test_what_the_repository_does_not_have_is_named_and_its_password_is_not(
    home: Path, repository: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mirror(home, ("central", url_of(repository, "someone:a-password@") + "/"))
    del repository.files["/example/library/1/library-1.jar"]
    with pytest.raises(PrerequisiteError) as refused:
        fetch(pinned())
    assert "example:library" in str(refused.value)
    assert "a-password" not in str(refused.value) + caplog.text


@pytest.mark.parametrize("mirror_of", ["central", "*", "external:*", "other, central", "*,!other"])
def test_a_mirror_of_central_is_used_as_maven_would(home: Path, repository: Repository, mirror_of: str) -> None:
    mirror(home, ("other", "http://127.0.0.1:1"), (mirror_of, url_of(repository) + "/"))
    fetch(pinned())
    assert repository.jars_sent.total() == 2


def test_a_mirror_that_names_central_goes_before_one_of_everything(home: Path, repository: Repository) -> None:
    mirror(home, ("*", "http://127.0.0.1:1"), ("central", url_of(repository)))
    fetch(pinned())
    assert repository.jars_sent.total() == 2


@pytest.mark.parametrize("broken", ["", "a folder", "file:///nowhere", "https://", "https://someone:a-password@[::"])
def test_a_mirror_that_is_no_web_address_is_one_sentence(home: Path, broken: str) -> None:
    mirror(home, ("central", broken))
    with pytest.raises(PrerequisiteError, match=r"no web address: mend its <url>\.$") as refused:
        fetch(pinned())
    assert "a-password" not in str(refused.value)


def test_settings_of_maven_that_are_no_xml_are_one_sentence(jars: JarSet, home: Path) -> None:
    (home / ".m2" / "settings.xml").write_text("<settings>")
    with pytest.raises(PrerequisiteError, match=r"settings\.xml cannot be read .*: mend it, or move it away\.$"):
        fetch(jars)


def test_a_cache_that_cannot_be_written_is_told(jars: JarSet, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_bytes(b"")
    with pytest.raises(PrerequisiteError, match=r"a-file.*XDG_CACHE_HOME, or do without\.$"):
        fetch(jars, tmp_path / "a-file" / "cache")


def test_the_digests_to_pin_are_printed_as_they_are_read(jars: JarSet, repository: Repository) -> None:
    command = [sys.executable, "-m", "lakay_streams.embedded.maven", *jars.coordinates]
    assert read_pinned(subprocess.check_output(command, text=True)) == jars.pinned
    repository.files.clear()
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1


def test_the_cache_is_where_other_programs_keep_theirs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder() == home / ".cache" / "lakay"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "elsewhere"))
    assert cache_folder() == home / "elsewhere" / "lakay"
