"""An engine, server images and a cluster for machines without downloads."""
