"""Making another place's item one's own: what happened since, who coached, what came back."""
