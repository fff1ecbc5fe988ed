"""The portal: the pages where anyone tells what happened, gets a receipt, and comes back with it to read the answer.

`routes.py` lists its pages; `views.py` takes a report, `back.py` is the way back, `posters.py` what a school prints.
`uploads.py` reads a form with files as it comes, `multipart.py` takes it apart, `files.py` seals them, notes the lost.
`languages.py`, `help_lines.py` and `schools.py` are what all pages show. A newcomer may touch `templates/`, `static/`,
`help_lines.yaml` and `locale/` freely: a language is one more file there.

It sets no cookie and keeps nothing of whoever asks; without script all of it works.
"""
