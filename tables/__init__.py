"""State tables: `catalogue` has every one; `movements` and `rates` are what two of them hold and how."""
