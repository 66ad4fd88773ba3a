"""The report: collect the workers' results, compute the totals, render and compare reports."""
