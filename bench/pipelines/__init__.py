"""What carrying out graphs costs beside the work of their nodes."""
