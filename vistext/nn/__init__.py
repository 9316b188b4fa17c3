"""What networks are made of and trained with, whatever their subject."""
