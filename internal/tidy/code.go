package tidy

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// use is a name taken from an imported package, or called on a value.
type use struct {
	name string
	pos  token.Pos
}

// uses lists what a file takes from an import path.
func (f *File) uses(importPath string) []use {
	imported := f.imports()
	var list []use
	ast.Inspect(f.AST, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && imported[x.Name] == importPath {
				list = append(list, use{s.Sel.Name, s.Pos()})
			}
		}
		return true
	})
	return list
}

// literals lists a file's string literals, unquoted. Import paths and struct tags are not among them.
func (f *File) literals() []use {
	var list []use
	ast.Inspect(f.AST, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			if n.Tag != nil {
				if tag, err := strconv.Unquote(n.Tag.Value); err == nil {
					list = append(list, use{tag, n.Tag.Pos()})
				}
				ast.Inspect(n.Type, func(ast.Node) bool { return true })
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				if text, err := strconv.Unquote(n.Value); err == nil {
					list = append(list, use{text, n.Pos()})
				}
			}
		}
		return true
	})
	return list
}

var sqlText = regexp.MustCompile(`(?s)\b(SELECT\b.+\bFROM\b|SELECT\s+\w+\(|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\S+\s+SET\b|DELETE\s+FROM\b|CREATE\s+(TABLE|INDEX|UNIQUE)\b|ALTER\s+TABLE\b|DROP\s+TABLE\b|VACUUM\s+INTO\b)`)

// checkSQL finds SQL outside store. Tests may look into a database.
func checkSQL(t *Tree) []Finding {
	var bad []Finding
	for _, f := range t.Go {
		if f.Test || underAny(f.Dir, "store", "internal/tidy") {
			continue
		}
		for _, l := range f.literals() {
			if sqlText.MatchString(l.name) {
				bad = append(bad, t.at(f, l.pos, "SQL outside store: %.60q", l.name))
			}
		}
	}
	return bad
}

var (
	storeWrite = regexp.MustCompile(`^(Commit|Save|Delete|Revoke|Begin|Finish|Drop|Sequence|Insert|Update)`)
	// settingsWrites are what the API may write by itself: rows of settings and of its own request log, none of which holds money or a state of money.
	settingsWrites = []string{"SaveEndpoint", "SaveKey", "RevokeKey", "SaveMerchant", "SaveChannel", "SaveDelivery", "BeginRequest", "FinishRequest", "DropRequest"}
)

// checkWrites keeps api, web, facade and callback from writing to the store: they call the engine. What holds money never is an exception.
func checkWrites(t *Tree) []Finding {
	var bad []Finding
	for _, f := range t.Go {
		if f.Test || !underAny(f.Dir, "api", "web", "facade", "callback") {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok || !storeWrite.MatchString(s.Sel.Name) || f.Dir == "api" && slices.Contains(settingsWrites, s.Sel.Name) {
				return true
			}
			owner := ""
			switch x := s.X.(type) {
			case *ast.Ident:
				owner = x.Name
			case *ast.SelectorExpr:
				owner = x.Sel.Name
			}
			if strings.EqualFold(owner, "store") {
				bad = append(bad, t.at(f, s.Pos(), "%s writes to the store (%s): call the engine", f.Dir, s.Sel.Name))
			}
			return true
		})
	}
	return bad
}

// checkReveal lets a secret's bytes out only inside a provider's folder.
func checkReveal(t *Tree) []Finding {
	inside := regexp.MustCompile(`^provider/[^/]+$`)
	var bad []Finding
	for _, f := range t.Go {
		if f.Test || inside.MatchString(f.Dir) && f.Dir != "provider/all" && f.Dir != "provider/sandboxkit" && f.Dir != "provider/providertest" {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Reveal" {
				bad = append(bad, t.at(f, s.Pos(), "Reveal is called inside provider/X only"))
			}
			return true
		})
	}
	return bad
}

// seams are the places besides cmd/postern and tests that touch the world outside, each with its reason.
var seams = map[string]string{
	"internal/sketch/main.go":     "seeded grains of drawings, which are committed; nothing else depends on them",
	"sim/keys.go":                 "RSA keys of the simulated accounts: key generation ignores seeds in any case, and no outcome depends on their bits",
	"sim/world.go":                "the seeded source that takes the place of randomness under virtual time",
	"store/storetest/postgres.go": "the suite asks POSTERN_REQUIRE whether a missing PostgreSQL is a failure",
	"web/webtest/webtest.go":      "the suite asks POSTERN_REQUIRE whether a missing browser is a failure",
}

// outsideNames are the names by which a package reaches outside; an empty list bans the package as a whole.
var outsideNames = map[string][]string{
	"time":         {"Now", "Since", "Until"},
	"os":           {"Getenv", "LookupEnv", "Environ", "ExpandEnv"},
	"net/http":     {"DefaultClient", "DefaultTransport", "Get", "Post", "PostForm", "Head"},
	"crypto/rand":  {},
	"math/rand":    {},
	"math/rand/v2": {},
}

// checkOutside finds the clock, randomness, environment and the default HTTP client where they were not handed in.
func checkOutside(t *Tree) []Finding {
	var bad []Finding
	for _, f := range t.Go {
		if _, seam := seams[f.Path]; seam || f.Test || underAny(f.Dir, "cmd/postern") {
			continue
		}
		for importPath, names := range outsideNames {
			for _, u := range f.uses(importPath) {
				if len(names) == 0 || slices.Contains(names, u.name) {
					bad = append(bad, t.at(f, u.pos, "%s.%s outside cmd/postern: take it as a parameter", importPath, u.name))
				}
			}
		}
	}
	for p := range seams {
		if len(t.Go) > 50 && !t.Paths[p] {
			bad = append(bad, Finding{Path: "internal/tidy/code.go", Text: "the seam " + p + " is gone; take it off the list"})
		}
	}
	return bad
}

// checkFloats finds floating point near money: its types, its literals, and the parsing of it.
func checkFloats(t *Tree) []Finding {
	var bad []Finding
	for _, f := range t.Go {
		if f.Dir != "." && !underAny(f.Dir, "ledger", "route", "engine", "store", "recon", "drill", "provider", "api", "callback", "facade") {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if n.Name == "float64" || n.Name == "float32" || n.Name == "ParseFloat" || n.Name == "Float64" {
					bad = append(bad, t.at(f, n.Pos(), "%s near money: use integer minor units", n.Name))
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT && !f.Test {
					bad = append(bad, t.at(f, n.Pos(), "the floating-point number %s near money", n.Value))
				}
			}
			return true
		})
	}
	return bad
}

// interfaces are the real seams, each with its reason.
var interfaces = map[string]string{
	"provider.Connector": "one provider", "provider.Closer": "capability", "provider.Refunder": "capability", "provider.RefundQuerier": "capability",
	"provider.Notifiable": "capability", "provider.NotifyConfirmer": "capability", "provider.Statementer": "capability", "provider.PayerResolver": "capability", "provider.TrustRefresher": "capability", "provider.Checker": "capability", "provider.Reverser": "capability",
	"provider.Sharer": "capability", "provider.Diagnoser": "capability", "provider.PermissionReader": "capability", "provider.AccountNoticer": "capability", "provider.StatementFetcher": "capability",
	"provider.Faced": "capability", "provider.Adopter": "capability", "provider.Forwarder": "capability", "provider.Relayer": "capability",
	"provider.Gateway": "what a facade speaks to", "provider.Doer": "HTTP, which sim replaces", "provider.CertifiedDoer": "HTTP with a client certificate",
	"provider.Signer": "crypto handle", "provider.Encrypter": "crypto handle", "provider.Verifier": "crypto handle", "provider.Certified": "crypto handle", "provider.AEAD": "crypto handle", "provider.MAC": "crypto handle", "provider.Secret": "crypto handle",
	"provider/sandboxkit.Wallet": "the phone page of any simulator", "provider/sandboxkit.Doer": "HTTP, which tests replace", "provider/sandboxkit.Book": "the control address of any simulator",
	"provider/sandboxkit.Coder": "what a simulator can do beyond the common buttons", "provider/sandboxkit.Biller": "the same", "provider/sandboxkit.Gatekeeper": "the same", "provider/sandboxkit.Opener": "the same", "provider/sandboxkit.Rotator": "the same",
	"store.Tx": "two engines", "store.Row": "two engines", "store.Rows": "two engines", "store.sqlQuerier": "*sql.DB and *sql.Tx", "store.pgQuerier": "pgxpool and pgx.Tx", "store.sqliteConn": "what database/sql asks of a driver", "store.sqliteStmt": "the same of a statement",
	"queue.riverClient": "one River client per engine behind one runner",
	".Fact":             "a closed set of facts: the method is not exported",
}

// checkInterfaces finds interfaces that are not on the list. Constraints of type parameters and the empty interface are none.
func checkInterfaces(t *Tree) []Finding {
	var bad []Finding
	for _, f := range t.Go {
		if f.Test {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			i, ok := spec.Type.(*ast.InterfaceType)
			if !ok || len(i.Methods.List) == 0 || slices.ContainsFunc(i.Methods.List, func(m *ast.Field) bool { _, union := m.Type.(*ast.BinaryExpr); return union }) {
				return true
			}
			dir := f.Dir
			if dir == "." {
				dir = ""
			}
			if name := dir + "." + spec.Name.Name; interfaces[name] == "" {
				bad = append(bad, t.at(f, spec.Pos(), "the interface %s is not at one of the seams of internal/tidy/code.go", name))
			}
			return true
		})
	}
	return bad
}

var mockWord = regexp.MustCompile(`(?i)^(mock|stub|fake|dummy)|(mock|Stub|Fake)$`)

// checkMocks finds types and libraries that stand in for the real thing.
func checkMocks(t *Tree) []Finding {
	var bad []Finding
	for _, f := range t.Go {
		for _, p := range f.imports() {
			if strings.Contains(p, "gomock") || strings.Contains(p, "sqlmock") || strings.Contains(p, "testify") || strings.Contains(p, "httpmock") {
				bad = append(bad, Finding{Path: f.Path, Line: 1, Text: "a mocking library: " + p})
			}
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && mockWord.MatchString(spec.Name.Name) {
				bad = append(bad, t.at(f, spec.Pos(), "%s: use the real thing", spec.Name.Name))
			}
			return true
		})
	}
	return bad
}
