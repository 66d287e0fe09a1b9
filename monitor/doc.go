// Package monitor shows from outside how a running service does: metrics for Prometheus, whether the process is alive,
// whether it is ready.
//
// It reads what the pipeline counts and notes of itself, when it is asked; the pipeline knows nothing of it. It is the
// only importer of the Prometheus client. No account, amount or name is ever shown: labels are partition and worker
// numbers and words of closed sets.
package monitor
