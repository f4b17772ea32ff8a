"""One call of a contender's module: `python -m benchmarks.contenders STEP JOB`, the job as a JSON object."""

from __future__ import annotations

import importlib
import sys

import orjson

from benchmarks.contenders import Job

step, encoded = sys.argv[1:]
job = Job(**orjson.loads(encoded))
module = importlib.import_module(f"benchmarks.contenders.{job.contender.module}")
getattr(module, step)(job)
