package stream

// Record is one consumed record. Key and Value belong to the record alone and are never written to again, so views
// into them stay good for as long as they are held.
type Record struct {
	Partition int32
	Offset    int64
	Time      int64 // the record's own timestamp, milliseconds since the Unix epoch
	Key       []byte
	Value     []byte
	Headers   []Header // as a Reader reads them; a Consumer leaves them out
}

// Message is one record to produce.
type Message struct {
	Topic     string
	Partition int32 // AnyPartition leaves the choice to the key
	Key       []byte
	Value     []byte
	Headers   []Header
}

// Header is a record header.
type Header struct {
	Key   string
	Value []byte
}

// AnyPartition makes the partition follow from the key, as the Java client would choose it.
const AnyPartition int32 = -1
