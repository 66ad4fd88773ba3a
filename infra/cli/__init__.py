"""Commands that work without Pulumi's engine: plan, cleanup and the worker image."""
