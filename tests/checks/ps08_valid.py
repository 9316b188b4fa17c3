"""What is valid for the exercises of problem set 8, drawn far and wide."""
