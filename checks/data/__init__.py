"""The tables that checks rest on: facts with their date and source, as Python literals, each with the function that asks it."""
