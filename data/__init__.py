"""The published vocabularies and the Unicode table; `sources.toml` says where each is from."""
