// Package feedback holds the Label: what an analyst, a customer or a card scheme says of a transaction after the fact,
// and which of several such statements holds.
//
// It decides three things once for everyone who uses labels, be it as features, as training data or on a page: the
// event's schema and strict JSON form ([Decode]), the effective label of a transaction ([Resolve], [Ledger]), and from
// when on a label may be used ([Known]). [Account] keeps the ledgers of one account between events. Nothing here knows
// of features, Kafka or Redis.
package feedback
