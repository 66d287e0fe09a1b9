// Package export makes labelled training data: rows of the vector that a transaction was decided on and of what became
// of it.
//
// It holds the layout of such files, which `weir replay --features-out` writes too and the trainer reads ([AppendHeader],
// [AppendRow]), their two forms ([CSVFile], [ParquetFile]), and how labels meet decisions ([Labels], [Resolver]). Which
// of several labels holds is decided in package feedback. Where decisions and labels come from is not known here.
package export
