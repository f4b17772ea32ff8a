"""/health and /ready as the runbook's 2.6 shows them."""

from __future__ import annotations

import socket
from pathlib import Path

from lakay_streams.db import schema
from lakay_streams.embedded.postgres import EmbeddedPostgres
from lakay_streams.settings import Settings
from tests.agents.running import until
from tests.api.running import REPORTS, api
from tests.db.servers import settings_for
from tests.settings.production import filled_in


def test_it_lives_and_is_ready_without_a_token(stored: Settings, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        redis = f"redis://127.0.0.1:{listening.getsockname()[1]}/0"
        with api(stored, tmp_path, REDIS_URL=redis, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1") as running:
            anyone = running.as_another()
            health = anyone.get("/health").json()
            assert isinstance(health.pop("uptime_seconds"), int)
            assert health == {"status": "healthy", "version": "0.1.0"}
            ready = anyone.get("/ready")
            assert ready.status_code == 200
            assert ready.json() == {"status": "ready", "kafka": False, "database": True, "redis": True}


def test_a_database_that_goes_and_comes_back_is_told_and_needs_no_restart(tmp_path: Path) -> None:
    with EmbeddedPostgres() as server:
        settings = settings_for(server.url)
        schema.init_db(settings)
        with api(settings, tmp_path, DATABASE_POOL_TIMEOUT_S="2", REDIS_URL="redis://127.0.0.1:1") as running:
            assert running.client.get(REPORTS).status_code == 200
            server.end()
            away = running.client.get("/ready")
            assert away.status_code == 503
            assert away.json() == {"status": "not_ready", "kafka": False, "database": False, "redis": False}
            assert running.client.get("/health").status_code == 200
            refused = running.client.get(REPORTS)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
            assert "PostgreSQL" in refused.json()["detail"]
            server.start()
            until(lambda: running.client.get("/ready").status_code == 200, "it is ready again")
            assert running.client.get(REPORTS).status_code == 200


def test_it_starts_while_the_database_is_empty_and_says_so(fresh: Settings, tmp_path: Path) -> None:
    with api(fresh, tmp_path) as running:
        refused = running.client.get(REPORTS)
        assert refused.status_code == 503
        assert "lakay db status" in refused.json()["detail"]


def test_the_runbooks_template_starts_with_real_values_and_not_before(fresh: Settings, tmp_path: Path) -> None:
    template = filled_in(CONTRACTS_PATH=str(tmp_path), API_TOKEN=bytes(range(32)).hex())
    del template["HOST"], template["PORT"]
    with api(fresh, tmp_path, **template) as running:
        assert running.as_another().get("/health").json()["version"] == "0.1.0"
        assert running.client.get(REPORTS).status_code == 401
        assert running.events("settings_warning") == []
