"""Tests of compliance reports and FinCEN batches, on a real PostgreSQL and FinCEN's own schemas."""
