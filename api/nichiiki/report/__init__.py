"""What people read: rows of the result, and the files made of them (CSV, workbook, one-file HTML report)."""
