"""Directory: the responders of a district and who is on call for which school."""
