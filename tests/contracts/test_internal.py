"""What workers send each other carries an id that follows from what it tells."""

from __future__ import annotations

from uuid import uuid5

import orjson
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.contracts import internal


@given(st.text())
def test_an_event_id_is_the_uuid_version_5_of_what_is_told(told: str) -> None:
    record = orjson.loads(internal.record("money-moved", told, None, {}))
    assert record["event_id"] == str(uuid5(internal._NAMESPACE, f"money-moved/{told}"))
