// Package exact computes with integers that are too large for 64 bits, and reads statistics off them.
//
// Sums and sums of squares are kept as integers, so that what was added and taken away again leaves no trace, and that
// the order of additions does not matter. A statistic is rounded when it is read, once. The package knows nothing of
// events and windows.
package exact
