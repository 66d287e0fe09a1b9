// Package report shows what a replay found: as text for a terminal, as a line of JSON, and as a page of HTML that needs
// nothing but itself.
//
// A [Report] is a plain struct that the caller fills. The page is a function of it: the same bytes for the same
// replay, without a clock, so that two of them can be compared. Its pictures are SVG, drawn here; it has no script and
// reads nothing from any network. What a figure means, package evaluation says.
package report
