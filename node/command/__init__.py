"""The commands of the command line, by subject. Each says what it did and what comes next."""
