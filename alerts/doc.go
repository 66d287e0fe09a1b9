// Package alerts holds the Alert, the event that tells an analyst of a payment that was not approved, and the words
// that say why.
//
// Here live the Alert's wire form in both directions, its derived id, and the Explainer, which compares a payment with
// its own account's past and puts the difference into a sentence. Nothing here decides: the score and the action come
// from scoring. The package has neither clock nor randomness, so that a replay makes the same alerts.
package alerts
