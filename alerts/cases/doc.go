// Package cases says what a case is: the alerts of one account that are looked at together, and what a person may do with
// them.
//
// Here live the states of a case, which alerts join it, and every step from one state to the next, each of which is
// refused where it does not apply. The package has no storage and no clock: times are arguments.
package cases
