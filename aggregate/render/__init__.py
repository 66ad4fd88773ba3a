"""The formats of a report. Each takes a `Report` and gives text; none adds, rounds or leaves out."""
