"""Who coaches an adaptation: asked, and named only by their own signed word."""
