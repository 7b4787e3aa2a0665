"""Git: the repository that holds what was rendered, read and written without a work tree."""
