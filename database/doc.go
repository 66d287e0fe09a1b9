// Package database keeps cases, labels and who did what in SQL: in SQLite, which is embedded, or in PostgreSQL.
//
// Both have the same migrations, the same statements and the same tests. What a step on a case means is said in
// alerts/cases; here it is read, changed and written in one transaction, together with the labels that follow from it, their
// place in the outbox and the line in the audit. The package has no clock and makes up no ids.
package database
