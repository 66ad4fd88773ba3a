"""The embedded default: a folder, a server and worker processes on this machine, limited where the machine allows it."""
