// Package yamldoc reads YAML files that people write, node by node, so that every mistake in one is told with its line,
// the text around it and the remedy, however late it is found.
//
// Here live positions, the excerpt below a message, and readers of objects, lists and single values. What the keys
// mean is the business of the package that owns the file. Imports nothing of ours.
package yamldoc
