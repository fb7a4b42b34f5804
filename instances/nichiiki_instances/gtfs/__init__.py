"""Timetables in GTFS and GTFS-JP: stops, operators and direct rides as places, operators and links of an instance; and fares back."""

from nichiiki_instances.gtfs.feed import read_gtfs
from nichiiki_instances.gtfs.tariff import write_gtfs_fares

__all__ = ["read_gtfs", "write_gtfs_fares"]
