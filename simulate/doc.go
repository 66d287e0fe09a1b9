// Package simulate makes labelled payment traffic: accounts with habits, and among them fraud of named patterns.
//
// A [Generator] yields an endless or bounded stream in event-time order. It is a function of its [Config] alone: the
// same configuration gives the same stream, and a longer one begins with the shorter. Nothing here reads a clock;
// who wants the stream live compares event times with a clock of their own.
//
// The world is small and made up: cities with their real places, merchants with invented names, accounts with an own
// rhythm, radius, scale of spending and devices. Legitimate traffic holds what makes the work hard in practice:
// travel, large one-off purchases, devices shared in a family, bursts of small purchases, holiday peaks, merchants
// that report their head office as their place. Each fraud pattern is a type in a file of its own, with its
// parameters and its source. The package knows neither features nor models, Kafka or files.
package simulate
