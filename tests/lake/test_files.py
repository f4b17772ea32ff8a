"""Files of the lake keep the same laws in a folder and on S3."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lakay_streams.errors import LakeError
from lakay_streams.lake.files import Files, files_of
from lakay_streams.lake.folder import UNFINISHED, FolderFiles
from lakay_streams.settings import Settings

NAME = "bronze/topic=trebanx.login.events/date=2026-10-14/p0-0000.parquet"
WRONG_NAMES = ["", "/etc/passwd", "../beside", "a/../b", "a//b", "a/", ".hidden", "a/.hidden", "a b", "ü", "x" * 1025]


@pytest.fixture(params=["folder", "S3"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """An empty lake of each kind."""
    if request.param == "folder":
        return FolderFiles(tmp_path / "lake")
    on_s3: Settings = request.getfixturevalue("lake_on_s3")
    return files_of(on_s3)


def test_what_was_put_is_got_and_found(files: Files) -> None:
    files.put(NAME, b"content")
    assert files.get(NAME) == b"content"
    assert files.find() == files.find("bronze/") == files.find(NAME) == [(NAME, 7)]


def test_a_lake_that_nothing_was_put_in_is_empty(files: Files) -> None:
    assert files.find() == files.find("bronze/") == []


def test_the_same_content_again_is_no_error(files: Files) -> None:
    for _ in range(3):
        files.put(NAME, b"content")
    assert files.find() == [(NAME, 7)]


def test_other_content_under_the_same_name_overwrites_nothing_and_says_so(files: Files) -> None:
    files.put(NAME, b"first")
    with pytest.raises(LakeError, match=r"p0-0000\.parquet is in .* already, with other content"):
        files.put(NAME, b"second")
    assert files.get(NAME) == b"first"


def test_one_of_many_writers_wins_and_the_others_are_told(files: Files) -> None:
    def put(number: int) -> str:
        try:
            files.put(NAME, b"%d" % number)
        except LakeError as told:
            return str(told)
        return ""

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(put, range(6)))
    assert [files.get(NAME)] == [b"%d" % number for number in range(6) if not told[number]]
    assert all("with other content" in sentence for sentence in told if sentence)


def test_many_writers_of_the_same_content_are_all_content(files: Files) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: files.put(NAME, b"same"), range(6)))
    assert files.find() == [(NAME, 4)]


def test_no_empty_file_is_stored(files: Files) -> None:
    with pytest.raises(LakeError, match="would be an empty file"):
        files.put(NAME, b"")
    assert files.find() == []


def test_what_is_not_there_cannot_be_got(files: Files) -> None:
    files.put(NAME, b"content")
    for name in ("bronze/absent", "bronze"):
        with pytest.raises(LakeError, match=f"{name} is not in "):
            files.get(name)


def test_deleting_is_done_when_nothing_is_there(files: Files) -> None:
    files.put("a/1", b"1")
    files.put("a/2", b"2")
    files.put("b/1", b"1")
    files.delete(["a/1", "a/absent", "absent/1", "b"])
    assert files.find() == [("a/2", 1), ("b/1", 1)]
    files.delete(["a/1", "a/2"])
    files.delete([])
    assert files.find() == [("b/1", 1)]


def test_a_listing_is_never_stale(files: Files) -> None:
    for number in range(20):
        files.put(f"day/{number:02}", b"content")
        assert len(files.find("day/")) == number + 1
    for number in range(20):
        files.delete([f"day/{number:02}"])
        assert len(files.find("day/")) == 19 - number


def test_a_prefix_is_the_beginning_of_a_name_and_no_folder(files: Files) -> None:
    for name in ("day=1/a", "day=10/a", "day=2/a", "day=2/b/c", "week/a"):
        files.put(name, b"content")
    assert [found.path for found in files.find("day=1")] == ["day=1/a", "day=10/a"]
    assert [found.path for found in files.find("day=1/")] == ["day=1/a"]
    assert [found.path for found in files.find("day=2/b")] == ["day=2/b/c"]
    assert files.find("day=3") == files.find("week/a/b") == []


def test_files_are_listed_by_name(files: Files) -> None:
    names = ["b", "a-b/x", "a/x", "a=1/x", "a0/x", "a/x-2"]
    for name in names:
        files.put(name, b"content")
    assert [found.path for found in files.find()] == sorted(names)


@pytest.mark.parametrize("name", WRONG_NAMES)
def test_a_name_that_not_every_store_takes_is_refused(files: Files, name: str) -> None:
    uses = (lambda: files.put(name, b"x"), lambda: files.get(name), lambda: files.delete([name]))
    for use in uses:
        with pytest.raises(LakeError, match="is no name of a file"):
            use()
    assert files.find() == []


def test_no_prefix_leads_out_of_the_lake(files: Files) -> None:
    for prefix in ("../", "/", "a/../../"):
        with pytest.raises(LakeError, match="is no name of a file"):
            files.find(prefix)


# ---- a folder -------------------------------------------------------------------------------------------------------


def test_without_an_endpoint_the_lake_is_a_folder_of_the_data_directory(tmp_path: Path) -> None:
    files_of(Settings(datalake_endpoint="", lakay_data_dir=tmp_path / "data")).put("a/b", b"content")
    assert (tmp_path / "data" / "lake" / "a" / "b").read_bytes() == b"content"


def test_files_and_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    root = tmp_path / "lake"
    FolderFiles(root).put("a/b/c", b"content")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (root, *root.rglob("*"))}
    assert modes == {"lake": 0o700, UNFINISHED: 0o700, "a": 0o700, "b": 0o700, "c": 0o600}


PUTS = """
import sys
from pathlib import Path
from lakay_streams.lake.folder import FolderFiles
print("ready", flush=True)
for number in range(10**9):
    FolderFiles(Path(sys.argv[1])).put(f"{number:09}", b"x" * (8 << 20))
"""


@pytest.fixture
def killed_while_writing(tmp_path: Path) -> Path:
    """The root of a lake whose writer was killed with a file half written."""
    root = tmp_path / "lake"
    process = subprocess.Popen([sys.executable, "-c", PUTS, str(root)])
    try:
        while not (root / UNFINISHED).is_dir() or not list((root / UNFINISHED).iterdir()):
            assert process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return root


def test_a_killed_writer_leaves_whole_files_only(killed_while_writing: Path) -> None:
    found = FolderFiles(killed_while_writing).find()
    assert {file.size for file in found} <= {8 << 20}
    assert all((killed_while_writing / file.path).stat().st_size == 8 << 20 for file in found)


def test_what_a_killed_writer_left_goes_after_a_day(tmp_path: Path) -> None:
    left, written_now = (tmp_path / UNFINISHED / name for name in ("left", "now"))
    left.parent.mkdir()
    for path in (left, written_now):
        path.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 86_400
    os.utime(left, (two_days_ago, two_days_ago))
    FolderFiles(tmp_path).put("a", b"content")
    assert [path.name for path in left.parent.iterdir()] == ["now"]


def test_a_full_disk_leaves_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n{PUTS}"
    done = subprocess.run([sys.executable, "-c", limited, str(tmp_path)], capture_output=True, text=True, check=False)
    told = done.stderr.splitlines()[-1]
    assert told.startswith("lakay_streams.errors.LakeError: 000000000 cannot be written in the folder ")
    assert "(File too large): give the folder space" in told
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file")
    files = FolderFiles(tmp_path / "lake")
    with pytest.raises(LakeError, match=r"a/b cannot be written in the folder .*: give the folder space and this user"):
        files.put("a/b", b"content")


def test_an_emptied_file_is_not_taken_for_content(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    files.put("a", b"content")
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(LakeError, match="was emptied by another program"):
        files.get("a")
    with pytest.raises(LakeError, match="with other content"):
        files.put("a", b"content")
