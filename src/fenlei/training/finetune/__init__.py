"""Fine-tuning: the network under a linear head learns too, where there is time, and is kept where it is better."""
