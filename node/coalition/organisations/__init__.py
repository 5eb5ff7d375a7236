"""The organisations that members come from: beside the practices, never above them (mission.md)."""
