"""Transport between the homes: the service network by period, round trips on it, and routing of demand under seats."""
