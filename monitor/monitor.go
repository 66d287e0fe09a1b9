package monitor

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-fraud/weir/decide"
	"github.com/weir-fraud/weir/notify"
	"github.com/weir-fraud/weir/pipeline"
)

// Config is what a Monitor is made of.
type Config struct {
	Stats    *pipeline.Stats
	Requests *decide.Stats // nil where requests for decisions are not answered

	Deliveries *notify.Stats // nil where nobody is told anything
	Version    string        // of the program
	Layout     string        // of the state
	// Silence is how long a worker's loop may go without a turn before the worker counts as stuck.
	Silence time.Duration
	Now     func() time.Time
}

// Server is one that the service cannot work without.
type Server struct {
	Name string // one lower-case word
	// Check returns nil if the server is there and as it should be.
	Check func(ctx context.Context) error
}

// Engine names what decides.
type Engine struct {
	Model    string
	Policy   string
	Switches int64 // how often another engine took its place
}

// Monitor is what the outside sees of a service. It is safe for concurrent use.
type Monitor struct {
	config  Config
	waiting atomic.Pointer[string] // what the service does instead of working, nil for nothing
	engine  atomic.Pointer[Engine] // nil before it is known
	refused atomic.Pointer[[]string]

	mu      sync.Mutex
	servers []watched
}

// watched is a server with what was wrong when it was last looked at, "" for nothing.
type watched struct {
	Server
	wrong string
}

// New returns a Monitor of a service that is starting.
func New(c Config) *Monitor {
	m := &Monitor{config: c}
	m.Waiting("starting")
	return m
}

// Waiting notes that the service is not working, and why: "loading the model".
func (m *Monitor) Waiting(why string) { m.waiting.Store(&why) }

// Working notes that the service is at work.
func (m *Monitor) Working() { m.waiting.Store(nil) }

// Decides notes what decides.
func (m *Monitor) Decides(e Engine) { m.engine.Store(&e) }

// Refuses notes what the control topic asks for and this process does not take: models, policies.
func (m *Monitor) Refuses(what []string) { m.refused.Store(&what) }

const (
	lookEvery = time.Second
	lookTime  = 2 * time.Second // that a server has to answer
)

// Watch looks at the servers again and again until ctx ends.
func (m *Monitor) Watch(ctx context.Context, servers ...Server) {
	m.mu.Lock()
	for _, s := range servers {
		m.servers = append(m.servers, watched{s, "not looked at yet"})
	}
	m.mu.Unlock()
	var wg sync.WaitGroup
	for i := range servers {
		wg.Go(func() { m.watch(ctx, i, servers[i]) })
	}
	wg.Wait()
}

func (m *Monitor) watch(ctx context.Context, i int, s Server) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		look, cancel := context.WithTimeout(ctx, lookTime)
		err := s.Check(look)
		cancel()
		if ctx.Err() != nil {
			return
		}
		m.mu.Lock()
		m.servers[i].wrong = ""
		if err != nil {
			m.servers[i].wrong = err.Error()
		}
		m.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// watched returns the servers as they were when last looked at.
func (m *Monitor) watched() []watched {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.servers)
}
