"""A small feed in GTFS-JP, made by hand."""

from __future__ import annotations

import zipfile
from pathlib import Path

FEED = {
    "agency": "agency_id,agency_name\na1,谷バス\n",
    "routes": "route_id,agency_id,route_type\nr1,a1,3\n",
    "stops": (
        "stop_id,stop_name,stop_lat,stop_lon,zone_id\n"
        "s1_1,駅前,36.0,138.0,z1\n"
        "s1_2,駅前,36.0005,138.0,z1\n"
        "s2,役場,36.05,138.0,z2\n"
        "s3,温泉,36.1,138.0,z3\n"
    ),
    "calendar": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "wd,1,1,1,1,1,0,0,20260401,20260531\n"
    ),
    "calendar_dates": "service_id,date,exception_type\nwd,20260429,2\nwd,20260502,1\n",
    "trips": "route_id,service_id,trip_id\nr1,wd,t1\nr1,wd,t2\nr1,wd,t3\n",
    "stop_times": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type\n"
        "t1,08:00:00,08:00:00,s1_1,1,0,1\n"
        "t1,08:10:00,08:11:00,s2,2,0,0\n"
        "t1,08:30:00,08:30:00,s3,3,1,0\n"
        "t2,23:50:00,23:50:00,s1_1,1,0,1\n"
        "t2,24:02:00,24:02:00,s2,2,0,0\n"
        "t2,24:20:30,24:20:30,s3,3,1,0\n"
        "t3,09:00:00,09:00:00,s3,1,0,0\n"
        "t3,,,s2,2,0,0\n"
        "t3,09:28:00,09:28:00,s1_2,3,0,0\n"
    ),
    "fare_attributes": "fare_id,price,currency_type\nf2,200,JPY\nf5,500.00,JPY\n",
    "fare_rules": "fare_id,route_id,origin_id,destination_id\nf2,,z1,z2\nf2,,z2,z3\nf5,r1,z1,z3\nf5,,z3,z1\n",
}


def feed(folder: Path, name: str = "feed.zip", /, **files: str | None) -> Path:
    """Write a feed with some files exchanged, or left out if None."""
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in {**FEED, **files}.items():
            if text is not None:
                archive.writestr(f"{file}.txt", text)
    return path
