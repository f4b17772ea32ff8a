"""The worker's web: its health, its numbers and its state, for probes, scripts and people.

    server       Faust's web server in a thread of its own, with the project's pages instead of Faust's
    health       /health, /ready
    sampler      once a second, a snapshot of the worker that any thread may read
    stats        /stats, /metrics
    tables       /tables, /tables/{name}, /tables/{name}/{key}: state, for those who may see it
    readable     a state as a person reads it: ISO times, amounts with their currency
    pages        the same answers as HTML, for a browser

A page answers JSON, or HTML where the client prefers `text/html`. Nothing here runs on the event loop that scores:
pages read snapshots, and a state is handed over by that loop as the immutable record it is.
"""
