"""The page at `/`: queue, fleet, history, gallery and a prompt box, for people, in the bot's HTTP server.

An order to read it in: `assets` and `render` (files, templates, headers), `gate` (who is there, sessions, CSRF),
`forms` (what browsers send), `board` (what all viewers see of queue and fleet) and `sight` (who sees what of a job);
`cards`, `wording` and `plots` (how it is told); then a module for each view, which has `routes(parts)`; `live` tells
open pages that something has changed; `console` puts them together. CONTRIBUTING.md says how to add a view.
"""
