"""The fault campaign: break the process, server, network, disk or memory of real workers, and check the outcome."""
