"""The decisions: pure functions of state, event and limits. Imports the standard library, and msgspec in `frozen`."""
