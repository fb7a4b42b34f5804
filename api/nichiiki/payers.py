"""Who may lawfully pay which yen, by the table `programmes`."""

from nichiiki_models.payers import Expense, Payment, PaymentPlan, RefusedYen
from nichiiki_solver.payers import lawful_payers

__all__ = ["Expense", "Payment", "PaymentPlan", "RefusedYen", "lawful_payers"]
