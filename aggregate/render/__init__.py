"""The output formats of a report. Each renders a `Report` as text; none adds, rounds or leaves out a figure."""
