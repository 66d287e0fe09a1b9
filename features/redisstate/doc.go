// Package redisstate keeps states in Redis: each partition's head, accounts and tiles under one hash tag, so that a
// partition lives on one node of a cluster and one script can change it atomically.
//
// It is the only importer of the Redis client. It moves encoded states and compares heads; what is in a state, and
// when a head is right, is not its business.
//
// Keys, for the topic's partition 17 under state layout 3f2a…:
//
//	weir:3f2a…:{transactions:17}:head         the head
//	weir:3f2a…:{transactions:17}:old          generations that are discarded and not yet deleted
//	weir:3f2a…:{transactions:17}:G:buckets    the buckets in use by generation G
//	weir:3f2a…:{transactions:17}:G:b:N        what is filed under bucket N, each as it is called below
//	weir:3f2a…:{transactions:17}:G:a:ID       the state of account ID
//	weir:3f2a…:{transactions:17}:G:e:E:KEY    the tiles of a key of entity E: a hash of chunks by their number
//	weir:3f2a…:{transactions:17}:G:i:E:N      the keys of entity E that have tiles in chunk N, as hashes
//	weir:3f2a…:{transactions:17}:hint         what the partition's owner adds to the head
package redisstate
