"""Instances in files: read and write folders of CSV tables, workbooks and JSON, in English and Japanese."""

from nichiiki_instances.reading import Reading, inspect, read
from nichiiki_instances.writing import write

__all__ = ["Reading", "inspect", "read", "write"]
