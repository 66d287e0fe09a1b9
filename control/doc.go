// Package control holds the events of the compacted control topic, by which a running Weir is changed: which model and
// which policy are active, entries of block and allow lists, and what each instance made of it.
//
// Here are the events' schema and strict JSON form ([Decode], [Event.AppendJSON]), the keys by which compaction keeps the
// current state and no more ([Event.Key]), and that state ([State]). What an event leads to is decided elsewhere: nothing here
// loads a model, compiles a policy or talks to Kafka.
package control
