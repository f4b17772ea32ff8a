"""Logs: the runbook's greps find their lines, and no secret is in any."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from lakay_streams.telemetry import logs


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What is logged while the test runs; logging is as before afterwards."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    stream = io.StringIO()
    logs.configure("INFO", stream)
    yield stream
    logging.captureWarnings(False)
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def test_a_line_is_one_compact_json_object_with_a_utc_time(logged: io.StringIO) -> None:
    logs.get_logger().error("message_processing_error", user_id="u-1", offset=7)
    text = logged.getvalue()
    assert text.count("\n") == 1
    for grepped in ('"level":"error"', '"event":"message_processing_error"', '"user_id":"u-1"'):
        assert grepped in text
    assert json.loads(text)["timestamp"].endswith("Z")


def test_the_standard_librarys_lines_come_out_the_same_way(logged: io.StringIO) -> None:
    logging.getLogger("aiokafka.consumer").warning("Heartbeat failed: %s", "no coordinator")
    line = json.loads(logged.getvalue())
    assert (line["event"], line["level"], line["logger"]) == (
        "Heartbeat failed: no coordinator",
        "warning",
        "aiokafka.consumer",
    )


def test_an_exception_is_one_line_with_its_traceback(logged: io.StringIO) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("faust").exception("Crashed")
    (text,) = logged.getvalue().splitlines()
    assert "ValueError: broken" in json.loads(text)["exception"]


def test_pythons_warnings_are_logged(logged: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)
    assert "old ways" in json.loads(logged.getvalue())["event"]


def test_lines_below_the_level_are_left_out(logged: io.StringIO) -> None:
    logs.get_logger().debug("quiet")
    logging.getLogger("mode").debug("quiet")
    logging.getLogger("mode").log(5, "quieter")
    assert logged.getvalue() == ""


def test_a_level_between_the_named_ones_is_logged_as_the_lower(logged: io.StringIO) -> None:
    logging.getLogger("library").log(25, "between")
    assert json.loads(logged.getvalue())["level"] == "info"


@pytest.mark.parametrize("name", ["faust.app", "mode", "aiokafka.consumer", "lakay_streams.engine.app"])
def test_the_chatter_of_services_is_heard_at_debug_only(logged: io.StringIO, name: str) -> None:
    logging.getLogger(name).info("Starting...")
    assert logged.getvalue() == ""
    logging.getLogger(name).warning("slow")
    assert json.loads(logged.getvalue())["level"] == "warning"
    logs.configure("DEBUG", logged)
    logging.getLogger(name).debug("Updating")
    assert json.loads(logged.getvalue().splitlines()[1])["level"] == "debug"


@pytest.mark.parametrize("name", ["password", "token", "api_key", "AWS_SECRET_ACCESS_KEY", "pii_token_secret"])
def test_a_field_named_like_a_secret_is_masked_at_any_depth(logged: io.StringIO, name: str) -> None:
    logs.get_logger().info("started", **{name: "hunter2"}, settings={"s3": {name: "hunter2"}})
    assert "hunter2" not in logged.getvalue()


def test_a_secret_in_a_list_is_masked_too(logged: io.StringIO) -> None:
    logs.get_logger().info("x", rows=[{"token": "hunter2", "count": 1}, [({"password": "hunter2"},)]])
    assert "hunter2" not in logged.getvalue()
    assert '"count":1' in logged.getvalue()


def test_a_password_in_a_url_is_masked_wherever_it_stands(logged: io.StringIO) -> None:
    logging.getLogger("library").info("connecting to postgresql://lakay:hunter2@db/lakay")
    logs.get_logger().info("connected", nodes=["redis://:hunter2@cache:6379/0"])
    assert "hunter2" not in logged.getvalue()
    assert "postgresql://lakay:" in logged.getvalue()


@pytest.mark.parametrize("name", ["monkey", "keyed_by", "tokens_seen_at", "user_id"])
def test_other_fields_are_not_masked(logged: io.StringIO, name: str) -> None:
    logs.get_logger().info("fact", **{name: "value"})
    assert json.loads(logged.getvalue())[name] == "value"


def test_what_json_cannot_hold_is_still_logged(logged: io.StringIO) -> None:
    logs.get_logger().info("odd", value={1: {2, 3}}, raw=b"\xff", big=2**70, half="\ud800")
    assert json.loads(logged.getvalue())["event"] == "odd"
