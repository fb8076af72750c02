"""What the second edition of the rules needs beside them."""
