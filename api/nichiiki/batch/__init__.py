"""Batches: many runs from one manifest, each in a process of its own, nothing lost and nothing done twice.

A manifest names instances, policies and seeds. Each combination is a job. What is known of the jobs lies in one SQLite file in
the folder of the batch; a job is done when its files are whole and its row says so, in this order. Whatever ends a batch in
between (Ctrl-C, a kill, a power cut), the next call goes on where it stood.
"""

from nichiiki.batch.manifest import Job, Manifest, jobs_of, read_manifest
from nichiiki.batch.running import run_batch
from nichiiki.batch.store import Record, Store

__all__ = ["Job", "Manifest", "Record", "Store", "jobs_of", "read_manifest", "run_batch"]
