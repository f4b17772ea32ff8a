"""Whatever an S3 server does, the lake loses nothing, waits for a bounded time, and says in one sentence what to do."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from lakay_streams.errors import LakeError, SettingsError
from lakay_streams.lake.files import Files, files_of
from lakay_streams.lake.s3 import ATTEMPTS, S3Files
from lakay_streams.settings import Settings
from tests.lake.buckets import client, settings_for
from tests.s3_server import EmbeddedS3, S3Address

NAME = "bronze/a"
USES: dict[str, Callable[[Files], object]] = {
    "put": lambda files: files.put(NAME, b"content"),
    "get": lambda files: files.get(NAME),
    "find": lambda files: files.find(),
    "delete": lambda files: files.delete([NAME]),
}

every_use = pytest.mark.parametrize("use", USES.values(), ids=USES)


def told(use: Callable[[Files], object], files: Files, settings: Settings) -> str:
    """Return what a failing use says: one sentence, without a key."""
    with pytest.raises(LakeError) as failed:
        use(files)
    sentence = str(failed.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    for secret in (settings.datalake_access_key, settings.datalake_secret_key):
        assert secret.get_secret_value() not in sentence
    return sentence


@pytest.fixture
def own(own_s3: EmbeddedS3) -> Settings:
    """Settings that name a bucket on a server of the test's own."""
    client(own_s3.address).create_bucket(Bucket="lake")
    return settings_for(own_s3.address, "lake")


@contextmanager
def stopped(server: EmbeddedS3) -> Iterator[None]:
    assert server.pid
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@every_use
def test_a_wrong_secret_key_is_told(lake_on_s3: Settings, use: Callable[[Files], object]) -> None:
    wrong = lake_on_s3.model_copy(update={"datalake_secret_key": SecretStr("f00d" * 10)})
    assert "does not accept the secret key: set DATALAKE_ACCESS_KEY and" in told(use, files_of(wrong), wrong)


@every_use
def test_a_wrong_access_key_is_told(lake_on_s3: Settings, use: Callable[[Files], object]) -> None:
    wrong = lake_on_s3.model_copy(update={"datalake_access_key": SecretStr("f00d" * 5)})
    assert "does not know the access key: set DATALAKE_ACCESS_KEY and" in told(use, files_of(wrong), wrong)


@every_use
def test_a_missing_bucket_is_told(s3: S3Address, use: Callable[[Files], object]) -> None:
    nowhere = settings_for(s3, "no-such-bucket")
    assert "has no such bucket: make the bucket, or set DATALAKE_BUCKET" in told(use, files_of(nowhere), nowhere)


@every_use
def test_a_killed_server_is_told_and_all_is_there_when_it_is_back(
    own_s3: EmbeddedS3, own: Settings, use: Callable[[Files], object]
) -> None:
    files = files_of(own)
    files.put(NAME, b"content")
    own_s3.end(kill=True)
    assert "(nobody answers there): start the S3 server" in told(use, files, own)
    own_s3.start()
    assert files.get(NAME) == b"content"
    files.put(NAME, b"content")


@every_use
def test_a_server_that_hangs_is_not_waited_for_longer_than_told(
    own_s3: EmbeddedS3, own: Settings, use: Callable[[Files], object]
) -> None:
    files = S3Files(own, connect_s=0.5, answer_s=0.5)
    files.put("bronze/before", b"content")
    with stopped(own_s3):
        began = time.monotonic()
        assert "no whole answer in time" in told(use, files, own)
        assert time.monotonic() - began < ATTEMPTS * 0.5 + 10


def test_a_put_that_was_accepted_after_it_was_given_up_is_done_when_tried_again(
    own_s3: EmbeddedS3, own: Settings
) -> None:
    files = S3Files(own, connect_s=0.5, answer_s=0.5)
    with stopped(own_s3):
        told(USES["put"], files, own)
    files.put(NAME, b"content")
    assert files.find() == [(NAME, 7)]


def test_a_server_that_is_read_only_is_told_and_can_be_read(own_s3: EmbeddedS3, own: Settings) -> None:
    files = files_of(own)
    files.put(NAME, b"content")
    own_s3.readonly = True
    own_s3.restart()
    assert files.get(NAME) == b"content"
    assert "does not allow it: give the key of DATALAKE_ACCESS_KEY" in told(lambda f: f.put("b", b"b"), files, own)
    assert "does not allow it: give the key of DATALAKE_ACCESS_KEY" in told(USES["delete"], files, own)


def test_a_full_server_is_told_and_keeps_no_half_file(own_s3: EmbeddedS3, own: Settings) -> None:
    files = files_of(own)
    assert own_s3.pid
    resource.prlimit(own_s3.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    assert told(lambda f: f.put(NAME, b"x" * 100_000), files, own).startswith(f"{NAME} could not be written")
    assert files.find() == []
    resource.prlimit(own_s3.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    files.put(NAME, b"x" * 100_000)


def test_more_files_than_one_answer_lists_are_found_and_deleted(lake_on_s3: Settings, s3: S3Address) -> None:
    files = files_of(lake_on_s3)
    names = [f"many/{number:04}" for number in range(1001)]
    for name in names:
        files.put(name, b"content")
    assert [found.path for found in files.find("many/")] == names
    files.delete(names)
    assert files.find() == []


def test_an_emptied_object_is_not_taken_for_content(lake_on_s3: Settings, s3: S3Address) -> None:
    client(s3).put_object(Bucket=lake_on_s3.datalake_bucket, Key=NAME, Body=b"")
    with pytest.raises(LakeError, match="was emptied by another program"):
        files_of(lake_on_s3).get(NAME)


@pytest.mark.parametrize(
    "endpoint", ["localhost:9000", "s3://bucket", "http://key:hunter2@host", "http://host?x=hunter2"]
)
def test_an_endpoint_that_is_no_address_is_refused_and_not_quoted(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="DATALAKE_ENDPOINT is no http:// or https:// address") as refused:
        files_of(Settings(datalake_endpoint=endpoint))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [("https://s3.eu-west-1.amazonaws.com", "eu-west-1"), ("http://localhost:9000", "us-east-1")],
)
def test_requests_are_signed_for_the_region_that_the_endpoint_names(endpoint: str, region: str) -> None:
    files = S3Files(Settings(datalake_endpoint=endpoint))
    assert files._client.meta.region_name == region  # type: ignore[attr-defined]  # of botocore's own


def test_a_large_file_whose_name_is_taken_is_told_as_a_small_one_is(lake_on_s3: Settings) -> None:
    """A server may refuse it, and close the connection, before all of it was sent."""
    files, large = files_of(lake_on_s3), b"x" * (64 << 20)
    for _ in range(2):
        files.put(NAME, large)
    assert files.get(NAME) == large
    with pytest.raises(LakeError, match="with other content"):
        files.put(NAME, b"y" * (64 << 20))
