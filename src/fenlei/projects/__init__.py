"""Use cases over the nouns: projects, models, deployments, users."""
