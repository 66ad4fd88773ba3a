"""Folders of output files: the files of a run, and the manifest that lists those that Loadtest wrote."""
