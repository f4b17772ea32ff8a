"""`lakay api`: what Lakay Intelligence answers over HTTP (runbook, appendix A).

    server     the process: its socket, its database, its end
    app        the FastAPI app, and which of the project's errors is which status
    front      what a request meets before its body is read; headers of every answer
    access     who may ask
    health     /health, /ready
    reports    /api/v1/pipeline/compliance-reports

It reads and writes PostgreSQL, and comes with the extra `api`. A failure is `{"detail": "one sentence"}`.
"""
