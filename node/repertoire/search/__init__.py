"""The catalog's search index: derived from the database, local to a machine, built anew whenever it is doubted."""
