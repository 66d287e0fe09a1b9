// Package notify tells others what they want to know at once: an alert, a queue that grows, a pipeline that is behind, and
// whether a payment was the account holder's own.
//
// A file says by which routes what goes where (file.go). What is to be told becomes a delivery in the database: of an alert
// in the transaction that takes it in (Routes.Deliveries), of a limit in the one that keeps that it is passed (Watcher). A
// Sender works the deliveries off: a signed webhook, or by way of shoutrrr Slack, Teams and e-mail. It delivers at least once,
// always under the same id.
//
// Time and randomness are arguments. No account, amount, name, address or secret is logged.
package notify
