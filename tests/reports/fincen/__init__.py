"""The checker of batches."""
