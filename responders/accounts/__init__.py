"""Accounts: who on the staff may sign in, their sessions, and the tokens that other systems use."""
