"""Settings of production, as strong as it wants them."""

from __future__ import annotations

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
