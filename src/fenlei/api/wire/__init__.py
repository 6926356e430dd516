"""What goes over the wire, one file per noun: models with descriptions and examples, and how rows become them."""
