"""The fault campaign: real workers whose process, server, network, disk or memory fails, and what is there afterwards."""
