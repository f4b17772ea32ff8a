"""Fraud: what is wrong with one transaction or login, judged against the user's own history."""
