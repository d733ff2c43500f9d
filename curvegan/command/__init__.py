"""What all commands share: the command line, and Ctrl-C while they are being imported."""
