// Package review is the analyst's half of Weir: alerts come in from Kafka and become cases in a database, people decide on
// them over HTTP, and what they said goes out to Kafka as labels.
//
// What is here is the way in (intake.go), the way out (publisher.go), the API with its rights (routes.go), and the page that
// uses it, which is embedded. What a step on a case means is said in alerts/cases, and how it is kept in database.
//
// No account, amount, name or note is logged.
package review
