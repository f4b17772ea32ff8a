"""The lake in a bucket of S3, or of what speaks as it does.

A file is one request with its whole content, whose SHA-256 is signed and so verified by the server; it is stored only
where its name is free. Every request has a bound: nothing here waits for ever, and nothing is listed from memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError

from lakay_streams.errors import LakeError
from lakay_streams.lake.names import (
    StoredFile,
    checked,
    checked_content,
    checked_prefix,
    emptied,
    in_the_way,
    missing,
)
from lakay_streams.settings import Settings

CONNECT_S = 5.0
ANSWER_S = 20.0
"""Seconds to wait for a connection, and for the next bytes of an answer."""

ATTEMPTS = 3
"""Of each request, some hundred milliseconds apart. Who must not lose a record tries again after them."""

DELETED_AT_ONCE = 1000
"""What S3 takes in one request."""

_REGION = re.compile(r"s3[.-](?P<region>[a-z]{2}(-[a-z]+)+-\d)\.amazonaws\.com(\.cn)?$")

_KEYS = "set DATALAKE_ACCESS_KEY and DATALAKE_SECRET_KEY to keys that it knows"
_RIGHT = "give the key of DATALAKE_ACCESS_KEY the right to list, read, write and delete in the bucket"

#: What S3 says, and what to do then.
_REFUSALS: Mapping[str, tuple[str, str]] = {
    "NoSuchBucket": ("has no such bucket", "make the bucket, or set DATALAKE_BUCKET to one that is there"),
    "InvalidBucketName": ("takes no bucket of that name", "correct DATALAKE_BUCKET"),
    "InvalidAccessKeyId": ("does not know the access key", _KEYS),
    "XAdminUserNotFound": ("does not know the access key", _KEYS),
    "SignatureDoesNotMatch": ("does not accept the secret key", _KEYS),
    "AccessDenied": ("does not allow it", _RIGHT),
    "403": ("does not allow it", _RIGHT),
    "QuotaExceeded": ("is full", "give it more space"),
    "XMinioStorageFull": ("is full", "give it more space"),
    "RequestTimeTooSkewed": ("has another time than this machine", "set both clocks right"),
    "AuthorizationHeaderMalformed": ("is of another region", "set DATALAKE_ENDPOINT to the one of the bucket's region"),
}

_T = TypeVar("_T")


class _Body(Protocol):
    def read(self) -> bytes: ...


class _Client(Protocol):
    """What is used of botocore's client, which has no types."""

    def put_object(self, **request: object) -> object: ...
    def get_object(self, **request: object) -> Mapping[str, _Body]: ...
    def list_objects_v2(self, **request: object) -> Mapping[str, object]: ...
    def delete_objects(self, **request: object) -> Mapping[str, list[dict[str, str]]]: ...


class S3Files:
    """The files of one bucket."""

    def __init__(self, settings: Settings, *, connect_s: float = CONNECT_S, answer_s: float = ANSWER_S) -> None:
        """Keep files in DATALAKE_BUCKET at DATALAKE_ENDPOINT; nothing is connected to yet."""
        self._bucket = settings.datalake_bucket
        # Without a user and password, which are no part of it and would be shown.
        self._host = urlsplit(settings.datalake_endpoint).netloc.rpartition("@")[2]
        region = _REGION.search(self._host)
        self._client: _Client = botocore.session.Session().create_client(
            "s3",
            region_name=region["region"] if region else "us-east-1",
            endpoint_url=settings.datalake_endpoint,
            aws_access_key_id=settings.datalake_access_key.get_secret_value(),
            aws_secret_access_key=settings.datalake_secret_key.get_secret_value(),
            config=Config(
                connect_timeout=connect_s,
                read_timeout=answer_s,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                max_pool_connections=32,
                # The bucket's name in the path is what every server takes, the checksum's headers are not.
                s3={"addressing_style": "path", "payload_signing_enabled": True},
                request_checksum_calculation="when_required",
            ),
        )

    def __str__(self) -> str:
        """Return where the files are, as errors tell it."""
        return f"the bucket {self._bucket} at {self._host}"

    def put(self, path: str, content: bytes) -> None:
        """Store a file; see `Files`."""
        checked_content(checked(path), content)
        try:
            self._told(
                lambda: self._client.put_object(Bucket=self._bucket, Key=path, Body=content, IfNoneMatch="*"),
                f"{path} could not be written",
            )
        except _Taken:
            # By another's content, or by this very request, whose first answer was lost.
            if self.get(path) != content:
                raise in_the_way(path, str(self)) from None

    def get(self, path: str) -> bytes:
        """Return what a file holds; see `Files`."""
        checked(path)
        try:
            content = self._told(
                lambda: self._client.get_object(Bucket=self._bucket, Key=path)["Body"].read(),
                f"{path} could not be read",
            )
        except _Absent:
            raise missing(path, str(self)) from None
        if not content:
            raise emptied(path, str(self))
        return content

    def find(self, prefix: str = "") -> list[StoredFile]:
        """Return the files whose names begin with `prefix`; see `Files`."""
        checked_prefix(prefix)
        return sorted(self._listed(prefix))

    def delete(self, paths: Iterable[str]) -> None:
        """Delete files; see `Files`."""
        names = iter([checked(path) for path in paths])
        while some := list(islice(names, DELETED_AT_ONCE)):
            self._delete(some)

    def _delete(self, names: list[str]) -> None:
        wanted = {"Objects": [{"Key": name} for name in names], "Quiet": True}
        done = self._told(
            lambda: self._client.delete_objects(Bucket=self._bucket, Delete=wanted),
            f"{names[0]} and {len(names) - 1} more could not be deleted",
        )
        refused = [one for one in done.get("Errors", []) if one.get("Code") not in ("NoSuchKey", "NotFound")]
        if refused:
            raise self._refusal(f"{refused[0].get('Key')} could not be deleted", str(refused[0].get("Code")))

    def _listed(self, prefix: str) -> Iterator[StoredFile]:
        request: dict[str, object] = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            ask = partial(self._client.list_objects_v2, **request)
            page = self._told(ask, f"{prefix or 'The lake'} could not be listed")
            contents = page.get("Contents", [])
            assert isinstance(contents, list)  # noqa: S101 - for the type checker
            # A name that ends in / is a folder that another program made visible, and no file.
            yield from (StoredFile(one["Key"], one["Size"]) for one in contents if not one["Key"].endswith("/"))
            if not page.get("IsTruncated"):
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    def _told(self, request: Callable[[], _T], failed: str) -> _T:
        """Do a request; whatever fails becomes a `LakeError` with one sentence."""
        try:
            return request()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if code in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise _Taken from None
            if code == "NoSuchKey":
                raise _Absent from None
            raise self._refusal(failed, code) from error
        except EndpointConnectionError as error:
            raise LakeError(
                f"{failed} in {self} (nobody answers there): start the S3 server, or set DATALAKE_ENDPOINT to one "
                "that runs."
            ) from error
        except HTTPClientError as error:
            raise LakeError(
                f"{failed} in {self} ({type(error).__name__}: no whole answer in time): see whether the S3 server "
                "and the network to it are well."
            ) from error
        except (BotoCoreError, ValueError) as error:
            raise LakeError(
                f"{failed} in {self} ({type(error).__name__}): correct DATALAKE_ENDPOINT, DATALAKE_BUCKET and the keys."
            ) from error

    def _refusal(self, failed: str, code: str) -> LakeError:
        why, mend = _REFUSALS.get(code, (f"answers {code}", "see what the S3 server logs"))
        return LakeError(f"{failed} in {self}, which {why}: {mend}.")


class _Taken(Exception):  # noqa: N818 - an answer, and no error
    """There is a file of that name."""


class _Absent(Exception):  # noqa: N818 - an answer, and no error
    """There is no file of that name."""
