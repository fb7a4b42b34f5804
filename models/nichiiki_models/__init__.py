"""Data of nichiiki: instance, rules, allocation, violations, errors. Frozen pydantic rows over numpy columns."""
