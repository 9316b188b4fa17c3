"""What is valid for the exercises of problem set 6, drawn far and wide."""
