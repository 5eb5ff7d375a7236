"""The catalog's search index: derived from the database, local to a process's machine, rebuilt whenever it is doubted."""
