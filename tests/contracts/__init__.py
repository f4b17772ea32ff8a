"""Tests of what Trebanx and Lakay promise each other."""
