"""Web: what all console pages share: state, templates, layout, safety headers, live updates. It knows no capability.

A newcomer may touch `static/console.css` and `templates/` freely; `headers.py` and `origin.py` only with their tests.
"""
