"""One contender's process: `python -m benchmarks.contenders NAME prepare|run JOB`, the job as a JSON object."""

from __future__ import annotations

import importlib
import sys

import orjson

from benchmarks.contenders import Job

name, step, job = sys.argv[1:]
module = importlib.import_module(f"benchmarks.contenders.{name.replace('-', '_')}")
getattr(module, step)(Job(**orjson.loads(job)))
