"""What is valid for the exercises of problem set 3, drawn far and wide."""
