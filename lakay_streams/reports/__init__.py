"""Compliance reports and FinCEN filings, made of what `lakay archive` keeps in PostgreSQL.

    service     the door: make, list and read reports; what is due, filed or declined
    records     what a report is, once stored
    cases       compliance alerts as officers need them: personal values in place, with what was filed
    obligations what is due, by what an alert says now and what was filed before
    filings     what was filed and what is being done, in PostgreSQL
    decisions   what officers decide: determined, filed, declined, reviewed
    verifying   whether filings and submissions are what the audit trail says of them
    suspicion   what goes into a suspicious activity report: of alerts, or by hand
    ctr, sar    a document and a FinCEN batch of each kind
    narrative   the draft of a SAR's narrative, every value of it with where it is from
    batch       FinCEN's XML: its parts, its counts, and validation
    fincen      the project's own checker of batches: every element and rule, without FinCEN's schemas
    summary     a week or a month in numbers
    readiness   what an examiner asks for: the audit report
    store       the table of reports: immutable, sealed, hashed
    layout      a report as headings, facts, tables and text, for people
    fonts       the fonts of a PDF; visible shows what cannot be seen
    rendering   a report as JSON, as HTML (pages) or PDF (paper) of its layout, or as a batch's XML
    periods     business days, and the instants that bound them
    amounts     US cents as people and FinCEN read them

It comes with the extra `reports`.
"""
