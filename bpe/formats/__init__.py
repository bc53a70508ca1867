"""The published file formats, one module each; both yield a Vocabulary."""
