"""The tables that checks rest on: facts with their date and source, each with the function that asks it."""
