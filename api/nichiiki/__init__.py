"""Allocate second homes, school seats and roles in Japan's two-region living, and price the trips."""
