"""Lotteries: chances of options, exactly; their decomposition into feasible choices; public draws that anyone can check."""
