#!/bin/sh
# No service is started by its package's installation.
exit 101
