// Package evaluation measures how scores and decisions did against what is known of the transactions.
//
// Here live the figures and their exact definitions: average precision and ROC AUC, precision and recall of what the
// policy alerted on, card precision@k, the money caught, and the counts behind the pictures. A [Collector] takes in one
// [Sample] after the other, in the order of decision, and makes a [Result] of them. How figures look is the concern of
// evaluation/report.
//
// Ties are exact: transactions of equal score count together, so that no figure of the ranking depends on their order.
// An unlabelled transaction counts as work (alerts a day) and in no figure of quality, as in the trainer. A figure that
// is not defined, such as the precision of no alerts, is NaN. The package has neither clock nor randomness.
package evaluation
