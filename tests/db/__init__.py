"""Tests of the database, on real PostgreSQL servers."""
