"""What a machine without downloads needs: an engine, server images, a cluster."""
