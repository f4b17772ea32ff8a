"""Revisions of the schema. A new one: `alembic revision -m "what it adds"` in the repository's folder."""
