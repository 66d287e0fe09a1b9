package review

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

// The costs of a password's hash: what OWASP asks of argon2id.
const (
	hashMemory  = 19 << 10 // KiB
	hashPasses  = 2
	hashThreads = 1
	hashBytes   = 32
)

const (
	leastPassword = 10
	mostPassword  = 256
)

var encoding = base64.RawStdEncoding

// HashPassword returns what is kept of a password.
func HashPassword(password string) (string, error) {
	if len(password) < leastPassword || len(password) > mostPassword {
		return "", fmt.Errorf("a password must have %d to %d bytes", leastPassword, mostPassword)
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	hash := argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashThreads, hashBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashThreads, encoding.EncodeToString(salt), encoding.EncodeToString(hash)), nil
}

var errHash = errors.New("not a hash of a password")

// checkPassword reports whether a hash is the password's. It takes its time also where there is no hash.
func checkPassword(hash, password string) bool {
	memory, passes, threads, salt, want, err := parseHash(hash)
	if err != nil {
		memory, passes, threads, salt = hashMemory, hashPasses, hashThreads, make([]byte, 16)
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, threads, hashBytes)
	return err == nil && same(string(got), string(want))
}

func parseHash(text string) (memory, passes uint32, threads uint8, salt, hash []byte, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return 0, 0, 0, nil, nil, errHash
	}
	if _, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads); err != nil {
		return 0, 0, 0, nil, nil, errHash
	}
	if salt, err = encoding.DecodeString(parts[4]); err != nil {
		return 0, 0, 0, nil, nil, errHash
	}
	hash, err = encoding.DecodeString(parts[5])
	if memory == 0 || passes == 0 || threads == 0 || len(hash) != hashBytes {
		err = errHash
	}
	return memory, passes, threads, salt, hash, err
}

var legalName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

// LegalName reports whether a user or a token may have the name.
func LegalName(name string) bool { return legalName.MatchString(name) }

// attempts limits how often somebody may try to sign in. It is safe for concurrent use.
type attempts struct {
	mu       sync.Mutex
	failures map[string][]time.Time // of a name
	all      []time.Time            // of any
	hashing  chan struct{}          // has room for those who are computing a hash
}

const (
	perName = 5
	perAll  = 100
	span    = time.Minute
	most    = 10_000 // names
)

func newAttempts() *attempts {
	return &attempts{failures: make(map[string][]time.Time), hashing: make(chan struct{}, 2)}
}

// admit returns a problem where there were too many failures lately.
func (a *attempts) admit(name string, now time.Time) *problem {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = recent(a.all, now)
	if a.failures[name] = recent(a.failures[name], now); len(a.failures[name]) == 0 {
		delete(a.failures, name)
	}
	if len(a.failures[name]) < perName && len(a.all) < perAll {
		return nil
	}
	p := newProblem(http.StatusTooManyRequests, "too-many", "Too many attempts", "wait a minute before the next attempt to sign in")
	p.Retry = "60"
	return p
}

// recent drops what is too old to count.
func recent(list []time.Time, now time.Time) []time.Time {
	for len(list) > 0 && now.Sub(list[0]) >= span {
		list = list[1:]
	}
	return list
}

func (a *attempts) failed(name string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.failures) >= most {
		clear(a.failures)
	}
	a.failures[name], a.all = append(a.failures[name], now), append(a.all, now)
}

func (a *attempts) succeeded(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.failures, name)
}

// check checks a password, few at a time: each takes memory.
func (a *attempts) check(hash, password string) bool {
	a.hashing <- struct{}{}
	defer func() { <-a.hashing }()
	return checkPassword(hash, password)
}
