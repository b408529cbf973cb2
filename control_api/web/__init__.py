"""The centre's pages: read queries, words, templates, routes. Decides nothing that a service decides."""
