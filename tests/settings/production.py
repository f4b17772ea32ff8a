"""Settings of production, as strong as it wants them, and the runbook's template."""

from __future__ import annotations

import re

SECRETS = {
    "DATABASE_URL": "postgresql+asyncpg://lakay:a-password-of-its-own@localhost:5432/lakay",
    "DATALAKE_ACCESS_KEY": "an-access-key",
    "DATALAKE_SECRET_KEY": "a-secret-key",
    "AWS_ACCESS_KEY_ID": "an-access-key",
    "AWS_SECRET_ACCESS_KEY": "a-secret-key",
    "PII_TOKEN_SECRET": bytes(range(32)).hex(),
    "PII_ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
}

PRODUCTION = {"DEBUG": "false"} | SECRETS

#: Appendix D of the runbook, without its comments.
TEMPLATE = """
APP_NAME=lakay-intelligence
APP_VERSION=0.1.0
DEBUG=false
LOG_LEVEL=INFO
HOST=0.0.0.0
PORT=8000
DATABASE_URL=postgresql+asyncpg://lakay:<STRONG_PASSWORD>@<POSTGRES_HOST>:5432/lakay
KAFKA_BOOTSTRAP_SERVERS=<BROKER1>:9092,<BROKER2>:9092,<BROKER3>:9092
KAFKA_CONSUMER_GROUP=lakay-intelligence
KAFKA_AUTO_OFFSET_RESET=earliest
REDIS_URL=redis://<REDIS_HOST>:6379/0
CONTRACTS_PATH=/contracts
DATALAKE_ENDPOINT=https://<S3_ENDPOINT>
DATALAKE_ACCESS_KEY=<ACCESS_KEY>
DATALAKE_SECRET_KEY=<SECRET_KEY>
DATALAKE_BUCKET=lakay-data-lake
PII_TOKEN_SECRET=<64_CHAR_HEX_STRING>
PII_ENCRYPTION_KEY=<32_BYTE_BASE64_STRING>
MLFLOW_TRACKING_URI=http://<MLFLOW_HOST>:5000
AWS_ACCESS_KEY_ID=<ACCESS_KEY>
AWS_SECRET_ACCESS_KEY=<SECRET_KEY>
MLFLOW_S3_ENDPOINT_URL=https://<S3_ENDPOINT>
"""


def filled_in(**real: str) -> dict[str, str]:
    """Return the template's variables with `real` values, strong secrets, and this machine in every other place."""
    given = dict(line.split("=", 1) for line in TEMPLATE.strip().splitlines()) | SECRETS | real
    return {name: re.sub("<[A-Z0-9_]+>", "127.0.0.1", value) for name, value in given.items()}
