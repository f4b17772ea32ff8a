"""Compliance with the Bank Secrecy Act: what a customer has moved, and what must be reported."""
