"""The gateway: its foundation (core) and its front door (front)."""
