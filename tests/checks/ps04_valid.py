"""What is valid for the exercises of problem set 4, drawn far and wide."""
