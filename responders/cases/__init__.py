"""Cases: what a tip opens and people work on, from new to closed."""
