"""Whatever a client sends, whether it fits the OpenAPI schema or not, is no failure of the server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from lakay_streams.api.app import build
from lakay_streams.api.reports import PATH
from lakay_streams.settings import Settings

WITH_TOKEN = {"Authorization": "Bearer token"}

#: The same few examples each time.
FEW = settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_no_request_is_a_failure_of_the_server(stored: Settings) -> None:
    app = build(stored.model_copy(update={"api_token": SecretStr("token")}))
    statuses: dict[str, set[int]] = defaultdict(set)
    for found in schemathesis.openapi.from_asgi("/openapi.json", app, headers=WITH_TOKEN).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        takes = [*operation.iter_parameters(), *operation.body]
        # What takes nothing cannot be asked wrongly.
        for mode in GenerationMode if takes else (GenerationMode.POSITIVE,):
            FEW(given(case=operation.as_strategy(generation_mode=mode))(asking(statuses)))()
    for kind in ("ctr", "summary", "audit"):
        assert {201, 422} <= statuses[f"POST {PATH}/{kind}"]
    # That days and an alert exclude each other is more than a schema says.
    assert 422 in statuses[f"POST {PATH}/sar"]
    assert {200, 422} <= statuses[f"GET {PATH}"]
    assert {404, 422} <= statuses[f"GET {PATH}/{{report_id}}"]


def asking(statuses: dict[str, set[int]]) -> Callable[[Any], None]:
    """Return what sends a request and looks at its answer."""

    def ask(case: schemathesis.Case) -> None:
        response = case.call(headers=WITH_TOKEN)
        statuses[case.operation.label].add(response.status_code)
        case.validate_response(response, checks=[not_a_server_error])

    return ask
