// Package policy turns a score into a decision by a file that people change: score and severity bands per segment,
// rules, block and allow lists, and what is at risk. docs/policy.md describes the file and what comes before what.
//
// Here live the reading of policy.yaml, its compilation against a feature set into closures, the decision itself with
// its trace, list entries, and the cases that are written beside a policy. [Parse] reads, [Document.Compile] checks
// against a set, [Policy.Decide] decides without allocating. List entries are a value of their own, [Lists], since
// they change while a policy stays.
//
// The package has neither clock nor randomness, and no policy or list is ever part of an account's state: equal
// transactions, features, scores and entries give equal decisions.
package policy
