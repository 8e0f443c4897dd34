"""The database: the history, which is at once the journal of jobs and the ledger of money. SQL stands only here."""
