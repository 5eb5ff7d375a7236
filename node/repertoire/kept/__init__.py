"""Items that are not public: drafts of one member, and what is for a practice's members or this node's alone."""
