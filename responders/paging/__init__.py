"""Paging: texting the people on call until one of them acknowledges."""
