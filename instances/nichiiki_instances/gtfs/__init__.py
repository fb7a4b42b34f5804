"""Timetables in GTFS and GTFS-JP: stops, operators and direct rides as places, operators and links of an instance."""

from nichiiki_instances.gtfs.feed import read_gtfs

__all__ = ["read_gtfs"]
