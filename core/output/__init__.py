"""Folders of output files: the files of a run, and the manifest that says which of them Loadtest wrote."""
