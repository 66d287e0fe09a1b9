package review

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/payment"
)

// AddUser adds somebody who may sign in, or gives them another role and password, and signs them out.
func AddUser(ctx context.Context, db *database.DB, name, role, password, by string, now payment.Time) error {
	if !LegalName(name) || name == local {
		return fmt.Errorf("user %q: a name has letters, digits and . _ @ -, at most 64, and %q is not free", name, local)
	}
	if roles[role] == nil {
		return fmt.Errorf("role %q: it must be one of %s", role, strings.Join(Roles(), ", "))
	}
	hash, err := HashPassword(password)
	if err != nil {
		return err
	}
	return db.SetUser(ctx, database.User{Name: name, Role: role, Hash: hash}, database.Entry{At: now, Actor: by, Action: "user.set", Object: "user:" + name, Detail: role})
}

// DisableUser lets a user in no more.
func DisableUser(ctx context.Context, db *database.DB, name, by string, now payment.Time) error {
	u, err := db.User(ctx, name)
	if err != nil {
		return err
	}
	u.Disabled = true
	return db.SetUser(ctx, u, database.Entry{At: now, Actor: by, Action: "user.disable", Object: "user:" + name})
}

// AddToken lets a program in, for ever if it is for 0, and returns what it has to bear.
func AddToken(ctx context.Context, db *database.DB, name string, scopes []string, lasts time.Duration, by string, now payment.Time) (string, error) {
	if !LegalName(name) {
		return "", fmt.Errorf("token %q: a name has letters, digits and . _ @ -, at most 64", name)
	}
	for _, s := range scopes {
		if !slices.Contains(Scopes(), s) {
			return "", fmt.Errorf("scope %q: it must be one of %s", s, strings.Join(Scopes(), ", "))
		}
	}
	secret, hash := newSecret()
	k := database.Token{Hash: hash, Name: name, Scopes: strings.Join(scopes, ","), MadeAt: now}
	if lasts > 0 {
		k.Expires = now.Add(lasts)
	}
	return secret, db.AddToken(ctx, k, database.Entry{At: now, Actor: by, Action: "token.add", Object: "token:" + name, Detail: k.Scopes})
}

// RevokeToken lets a program in no more.
func RevokeToken(ctx context.Context, db *database.DB, name, by string, now payment.Time) error {
	return db.RevokeToken(ctx, name, database.Entry{At: now, Actor: by, Action: "token.revoke", Object: "token:" + name})
}
