"""Buckets of a real S3 server, and what tests do there that the project does not."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
from botocore.config import Config
from pydantic import SecretStr

from lakay_streams.settings import Settings, load_settings
from tests.s3_server import S3Address


def client(address: S3Address, *, read_timeout_s: float = 20) -> Any:
    """Return a plain client of the server, to do what the project does not: make buckets, look behind it."""
    return botocore.session.Session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=address.url,
        aws_access_key_id=address.access_key,
        aws_secret_access_key=address.secret_key,
        config=Config(
            s3={"addressing_style": "path"},
            connect_timeout=5,
            read_timeout=read_timeout_s,
            retries={"total_max_attempts": 2},
        ),
    )


@contextmanager
def fresh_bucket(address: S3Address) -> Iterator[str]:
    """Make an empty bucket, and delete it in the end with what is in it."""
    name = f"test-{uuid.uuid4().hex[:16]}"
    s3 = client(address)
    try:
        s3.create_bucket(Bucket=name)
        yield name
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
            for found in page.get("Contents", ()):
                s3.delete_object(Bucket=name, Key=found["Key"])
        s3.delete_bucket(Bucket=name)
    finally:
        s3.close()


def settings_for(address: S3Address, bucket: str) -> Settings:
    """Return the default settings with the lake in this bucket."""
    changed = {
        "datalake_endpoint": address.url,
        "datalake_access_key": SecretStr(address.access_key),
        "datalake_secret_key": SecretStr(address.secret_key),
        "datalake_bucket": bucket,
    }
    return load_settings(env_file=None).model_copy(update=changed)
