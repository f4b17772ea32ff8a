"""Tests of the HTTP API, most of them on a process of its own."""
