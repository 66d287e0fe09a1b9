// Package screen shows a running demonstration: a [State] becomes the lines of a terminal of any size ([Render]), a line of
// a log ([State.Line]) or a last word ([State.Summary]), all of them functions of nothing else. [Terminal] puts lines on a terminal
// and gives it back as it was. The package collects nothing and knows no pipeline.
package screen
