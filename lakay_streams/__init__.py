"""Lakay Intelligence: streaming fraud, takeover, circle-health and AML scoring for Trebanx."""
