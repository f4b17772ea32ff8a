"""What a process tells of itself.

logs       one compact JSON object a line, the project's own and every library's, without secrets
sampling   which lines of scored transactions are written
metrics    counters and histograms for Prometheus
"""
