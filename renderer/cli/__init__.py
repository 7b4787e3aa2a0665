"""The command line: arguments, what is printed for people and machines, exit codes."""
