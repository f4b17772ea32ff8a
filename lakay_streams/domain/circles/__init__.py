"""Savings circles (sòl): what a circle has done so far."""
