"""Floods: what one conversation or one line sends faster than anybody can read is kept, judged, and shown aside."""
