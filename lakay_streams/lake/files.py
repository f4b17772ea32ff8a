"""The files of the lake, wherever they are: whole, written once, and listed as they are now.

    files = files_of(settings)
    files.put("bronze/topic=x/part-0.parquet", content)

A name belongs to one content for ever: a `put` that is tried again after it was cut off, or whose answer was lost,
finds its own content there and is done. Everything raises `LakeError`, whose one sentence says what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from lakay_streams.errors import SettingsError
from lakay_streams.lake.folder import FolderFiles
from lakay_streams.lake.names import StoredFile
from lakay_streams.lake.s3 import S3Files
from lakay_streams.settings import Settings
from lakay_streams.settings.kinds import is_web_address

FOLDER = "lake"
"""The lake's folder in LAKAY_DATA_DIR."""


class Files(Protocol):
    """Files by name; several threads may use them at once."""

    def put(self, path: str, content: bytes) -> None:
        """Store a file, whole or not at all; when it returns, the file is there to stay.

        The same content under the same name again changes nothing. Raises `LakeError` for other content under a name
        that is taken, which stays as it was, and for empty content.
        """

    def get(self, path: str) -> bytes:
        """Return what a file holds; raises `LakeError` when it is not there, or empty."""

    def find(self, prefix: str = "") -> list[StoredFile]:
        """Return the files whose names begin with `prefix`, sorted by name, as they are now."""

    def delete(self, paths: Iterable[str]) -> None:
        """Delete files; one that is not there is deleted already."""


def files_of(settings: Settings) -> Files:
    """Return the files of the lake that the settings name: a folder of this machine where DATALAKE_ENDPOINT is empty.

    Nothing is connected to yet. Raises `SettingsError` for an endpoint that is no address.
    """
    endpoint = settings.datalake_endpoint
    if not endpoint:
        return FolderFiles(settings.lakay_data_dir.absolute() / FOLDER)
    if not is_web_address(endpoint):
        raise SettingsError(
            "DATALAKE_ENDPOINT is no http:// or https:// address without user and query: correct it, or leave it empty "
            "for a folder of LAKAY_DATA_DIR."
        )
    return S3Files(settings)
