"""The report: collect the workers' results, add them up, show them, compare them."""
