package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"postern"
)

// Scopes of a key. None of them contains another: a key that pays and reads has both.
const (
	scopeRead   = "read"
	scopePay    = "pay"
	scopeRefund = "refund"
	scopeManage = "manage"
)

var scopes = []string{scopeRead, scopePay, scopeRefund, scopeManage}

// keyScope is the scope that an operation wants: reading what is there, taking money, giving it back or to others, and everything else, which is managing.
func keyScope(op huma.Operation) string {
	resource := strings.Split(strings.TrimPrefix(op.Path, "/v1/"), "/")
	switch {
	case op.Method == http.MethodGet, resource[0] == "drills":
		return scopeRead
	case resource[0] == "surpluses", resource[0] == "refunds", slices.Contains(resource, "refunds"), slices.Contains(resource, "shares"):
		return scopeRefund
	case resource[0] == "payments", resource[0] == "links":
		return scopePay
	}
	return scopeManage
}

// guard lets a request through to an operation when its key has the scope, before the body is looked at, and writes the scope into the document.
func guard(op *huma.Operation) {
	scope := keyScope(*op)
	op.Extensions = map[string]any{"x-postern-scope": scope}
	op.Middlewares = append(op.Middlewares, func(c huma.Context, next func(huma.Context)) {
		err := allowed(c.Context(), scope)
		if err == nil {
			next(c)
			return
		}
		p := problem(c.Context(), err)
		c.SetHeader("Content-Type", p.ContentType(""))
		c.SetStatus(p.Status)
		_ = json.NewEncoder(c.BodyWriter()).Encode(p) // The caller is gone when this fails.
	})
}

// allowed says whether the caller's key has a scope.
func allowed(ctx context.Context, scope string) error {
	if mine := callerOf(ctx).Key.Scopes; len(mine) > 0 && !slices.Contains(mine, scope) {
		return &postern.Error{Code: postern.CodeForbidden, Op: "api.allowed", Message: "the key lacks the scope " + scope, Fix: "use a key that has it"}
	}
	return nil
}

// checkScopes wants scopes that are there, each once.
func checkScopes(wanted []string) error {
	for i, s := range wanted {
		if !slices.Contains(scopes, s) || slices.Contains(wanted[:i], s) {
			return postern.Invalid("scopes", postern.CodeInvalid, "there is no such scope, or it stands twice", "send some of read, pay, refund and manage, or none for all")
		}
	}
	return nil
}

// within wants what a new key may do to be no more than what the key that makes it may. Nothing said is everything.
func within(wanted, mine []string) error {
	if len(mine) == 0 || len(wanted) > 0 && !slices.ContainsFunc(wanted, func(s string) bool { return !slices.Contains(mine, s) }) {
		return nil
	}
	return &postern.Error{Code: postern.CodeForbidden, Op: "api.within", Field: "scopes", Message: "a key makes keys with its own scopes only", Fix: "send some of the scopes of the key that asks"}
}
