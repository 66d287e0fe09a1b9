// Package databasetest gives tests a PostgreSQL that they have for themselves. No program imports it.
package databasetest
