"""An example of a service: nichiiki behind HTTP, its data the library's own pydantic classes.

The event loop only moves bytes. Bodies are read, and work is done, in a few processes of their own (`pool`), which can be
asked to stop and, where they do not, ended.
"""
