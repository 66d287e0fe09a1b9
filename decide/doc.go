// Package decide answers requests over HTTP: a transaction comes in, its decision goes out.
//
// It decides nothing by itself and writes no state. A request's transaction is produced to the transactions topic like
// any other, the pipeline decides it, and the request waits for the decision to be committed. So there is one writer,
// and what HTTP, Kafka and a replay say of a transaction is the same. What is here is the waiting: who waits for what,
// for how long, what is answered when the time is up, and which decisions are remembered for those who ask again.
//
// No account, amount or name is logged.
package decide
