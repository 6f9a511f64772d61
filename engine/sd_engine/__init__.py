"""Everything between the bytes of a recording and a timeline."""
