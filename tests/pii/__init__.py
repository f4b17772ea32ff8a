"""Tests of how personal values are kept and logged."""
