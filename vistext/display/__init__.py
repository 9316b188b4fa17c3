"""What students see: figures, pictures with boxes and heat maps, widgets, and the tour."""
