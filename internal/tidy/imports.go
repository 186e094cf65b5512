package tidy

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// knows says which rooms of ours a room may import, and whether it may import libraries of others. Folders are tried from the longest to the shortest.
type knows struct {
	ours []string // rooms, "." is the root package; a trailing * takes every folder below
	libs []string // library prefixes; nil means the standard library only
	why  string
}

// switchboard is what the rooms that assemble everything may know.
var switchboard = []string{".", "*"}

// house is the table of who may know whom. A folder that is not in it may not import anything of ours: a new room is a line here, with its reason.
var house = map[string]knows{
	".":      {why: "the domain is the standard library and nothing else"},
	"ledger": {ours: []string{"."}, why: "double entry needs bookings, not storage"},
	"route":  {ours: []string{"."}, why: "a plan is a pure function of what it is given"},
	"wall":   {ours: []string{"."}, why: "containers and walls are data"},

	"provider":               {ours: []string{"."}, why: "the port knows the domain and no provider"},
	"provider/all":           {ours: []string{"provider", "provider/*", "recon"}, why: "the one list of providers"},
	"provider/providertest":  {ours: []string{".", "provider", "provider/sandboxkit"}, why: "the suite drives any connector over the port"},
	"provider/sandboxkit":    {why: "an independent witness shares nothing of ours"},
	"provider/{X}":           {ours: []string{".", "provider", "provider/{X}/wire"}, libs: []string{"golang.org/x/text"}, why: "a provider knows the port and its own wire, never another provider, the store or the engine"},
	"provider/{X}/wire":      {libs: []string{"golang.org/x/text", "github.com/emmansun/gmsm", "software.sslmate.com/src/go-pkcs12"}, why: "a wire format is bytes in and values out"},
	"provider/{X}/sandbox":   {ours: []string{"provider/{X}/wire", "provider/sandboxkit"}, why: "a simulator that shared our mapping or our domain would agree with our mistakes"},
	"provider/{X}/sandbox/*": {ours: []string{"provider/{X}/wire", "provider/sandboxkit", "provider/{X}/sandbox"}, why: "parts of a simulator are bound as it is"},

	"store":           {ours: []string{".", "ledger"}, libs: []string{"github.com/jackc/pgx/v5", "github.com/pressly/goose/v3", "modernc.org/sqlite"}, why: "the store takes its job inserter as a function and knows no queue"},
	"store/storetest": {ours: []string{".", "ledger", "store"}, libs: []string{"github.com/jackc/pgx/v5", "github.com/google/go-cmp"}, why: "the conformance suite of the store"},
	"queue":           {ours: []string{".", "store"}, libs: []string{"github.com/riverqueue/river", "github.com/jackc/pgx/v5"}, why: "jobs are functions; River is known here only"},
	"vault":           {ours: []string{".", "provider"}, libs: []string{"github.com/tink-crypto/tink-go/v2"}, why: "it implements the port's handles and keeps the bytes to itself"},
	"roster":          {ours: []string{"."}, libs: []string{"golang.org/x/text"}, why: "lists of merchants are bytes in and rows out"},
	"engine":          {ours: []string{".", "ledger", "provider", "roster", "route", "store", "vault", "wall"}, libs: []string{"golang.org/x/time", "golang.org/x/crypto/argon2"}, why: "the verbs stand above storage and the port, below every door"},
	"picture":         {libs: []string{"golang.org/x/image"}, why: "a photograph is bytes in and bytes out"},
	"recon":           {ours: []string{".", "ledger"}, why: "books against books, whoever kept them"},
	"drill":           {ours: []string{".", "route", "wall", "store", "engine"}, why: "what-if over real or synthetic orders"},
	"webhook":         {ours: []string{".", "provider", "store", "vault"}, why: "events go out; nothing of the engine's comes in"},

	"callback":     {ours: []string{".", "engine", "provider"}, why: "a door: raw bytes to the engine, and the answer back"},
	"facade":       {ours: []string{".", "engine", "provider"}, why: "a door over the engine"},
	"api":          {ours: []string{".", "drill", "engine", "ledger", "provider", "route", "store", "vault", "wall", "webhook"}, libs: []string{"github.com/danielgtaylor/huma/v2", "golang.org/x/time"}, why: "a door: reads from the store, changes through the engine"},
	"web/ui":       {ours: []string{"."}, libs: []string{"rsc.io/qr"}, why: "parts of pages know no page"},
	"web/webtest":  {libs: []string{"github.com/chromedp/chromedp", "github.com/chromedp/cdproto"}, why: "a browser for tests knows no room"},
	"web/checkout": {ours: []string{".", "engine", "provider", "route", "wall", "web/ui"}, why: "a door: pages over the engine"},
	"web/demo":     {ours: []string{".", "engine", "ledger", "provider", "route", "store", "wall", "web/ui"}, why: "a door: the demo's page over the engine"},
	"web/shop":     {ours: []string{".", "engine", "provider", "store", "wall", "web/ui"}, why: "a door: pages over the engine"},
	"web/console":  {ours: []string{".", "engine", "ledger", "picture", "provider", "roster", "route", "store", "wall", "web/ui"}, why: "a door: pages over the engine"},

	"sim":           {ours: switchboard, libs: []string{"github.com/standard-webhooks"}, why: "sim runs the whole switch"},
	"bench":         {ours: switchboard, why: "the load generator runs the whole switch"},
	"cmd":           {ours: switchboard, libs: []string{"github.com/alecthomas/kong", "github.com/BurntSushi/toml", "github.com/prometheus/client_golang", "golang.org/x/time"}, why: "the one place where everything is put together"},
	"internal/tidy": {libs: []string{"golang.org/x/tools"}, why: "the police know no room"},
}

// roomOf finds the line of the table for a folder, and the provider that {X} stands for.
func roomOf(dir string) (knows, string, bool) {
	parts := strings.Split(dir, "/")
	if parts[0] == "provider" && len(parts) > 1 && parts[1] != "all" && parts[1] != "providertest" && parts[1] != "sandboxkit" {
		pattern := append([]string{"provider", "{X}"}, parts[2:]...)
		if len(pattern) > 3 {
			pattern = append(pattern[:3], "*")
		}
		k, ok := house[strings.Join(pattern, "/")]
		return k, parts[1], ok
	}
	for d := dir; ; d = path.Dir(d) {
		if k, ok := house[d]; ok && (d != "." || dir == ".") {
			return k, "", true
		}
		if d == "." {
			return knows{}, "", false
		}
	}
}

func (k knows) mayKnow(room, x string) bool {
	for _, allowed := range k.ours {
		allowed = strings.ReplaceAll(allowed, "{X}", x)
		if allowed == room || strings.HasSuffix(allowed, "*") && strings.HasPrefix(room, strings.TrimSuffix(allowed, "*")) {
			return true
		}
	}
	return false
}

// checkImports holds every import against the table. Tests may use any library and any room, except that a wire and a simulator stay witnesses in their
// tests too.
func checkImports(t *Tree) []Finding {
	var bad []Finding
	for _, f := range t.Go {
		k, x, known := roomOf(f.Dir)
		if f.Test && !witness.MatchString(f.Dir) {
			continue
		}
		for _, spec := range f.AST.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			first, _, _ := strings.Cut(p, "/")
			switch {
			case p == "postern" || first == "postern":
				room := strings.TrimPrefix(strings.TrimPrefix(p, "postern"), "/")
				if room == "" {
					room = "."
				}
				switch {
				case !known:
					bad = append(bad, t.at(f, spec.Pos(), "the folder %s has no line in the table of who may know whom (internal/tidy/imports.go)", f.Dir))
				case f.Test && room == f.Dir:
				case !k.mayKnow(room, x):
					bad = append(bad, t.at(f, spec.Pos(), "%s may not import %s: %s", f.Dir, p, k.why))
				}
			case strings.Contains(first, ".") && !f.Test:
				if !slices.ContainsFunc(k.libs, func(lib string) bool { return p == lib || strings.HasPrefix(p, lib+"/") }) {
					bad = append(bad, t.at(f, spec.Pos(), "%s may not import %s: %s", f.Dir, p, k.why))
				}
			}
		}
	}
	return bad
}

// witness are the folders whose independence tests must not break either.
var witness = regexp.MustCompile(`^provider/[^/]+/(wire|sandbox)(/|$)`)

// ban keeps a library or a room out of everywhere but a few places.
type ban struct {
	prefix string
	except []string
	tests  bool // tests are free
	why    string
}

var bans = []ban{
	{"github.com/riverqueue/", []string{"queue"}, false, "only queue imports River"},
	{"database/sql", []string{"store", "queue"}, true, "only store writes SQL; queue unwraps its transaction"},
	{"github.com/jackc/pgx", []string{"store", "queue"}, true, "only store writes SQL; queue unwraps its transaction"},
	{"modernc.org/sqlite", []string{"store"}, true, "only store writes SQL"},
	{"postern/provider/all", []string{"cmd", "sim", "bench", "provider/all"}, true, "only what assembles the switch lists its providers"},
	{"postern/cmd", nil, false, "nothing stands above the command"},
	{"postern/internal/tidy", nil, false, "the police are nobody's library"},
	{"postern/web/webtest", nil, true, "a browser is for tests"},
	{"postern/store/storetest", nil, true, "the suite is for tests"},
	{"postern/provider/providertest", []string{"provider/all"}, true, "the suite is for tests"},
	{"testing", []string{"store/storetest", "provider/providertest", "web/webtest"}, true, "the product carries no test code"},
}

func checkBans(t *Tree) []Finding {
	var bad []Finding
	for _, f := range t.Go {
		for _, spec := range f.AST.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			for _, b := range bans {
				if strings.HasPrefix(p, b.prefix) && (p == b.prefix || strings.HasSuffix(b.prefix, "/") || p[len(b.prefix)] == '/') &&
					!(f.Test && (b.tests || p == "postern/"+f.Dir)) && !underAny(f.Dir, b.except...) {
					bad = append(bad, t.at(f, spec.Pos(), "%s may not import %s: %s", f.Dir, p, b.why))
				}
			}
		}
	}
	return bad
}

// purity bans packages of the standard library from rooms that must not reach outside.
var purity = []struct {
	rooms  []string
	banned []string
	why    string
}{
	{[]string{".", "ledger", "route"}, []string{"context", "os", "net", "net/http", "database/sql", "log", "log/slog", "embed", "io/fs", "crypto/rand", "math/rand", "math/rand/v2", "sync", "runtime"}, "no context, no clock, no I/O"},
	{[]string{"wall"}, []string{"context", "os", "net", "net/http", "database/sql", "log", "log/slog", "crypto/rand", "math/rand", "math/rand/v2"}, "data in, answers out; its data is embedded"},
	{[]string{"recon"}, []string{"context", "os", "net", "net/http", "database/sql", "log", "log/slog", "embed"}, "books against books"},
	{[]string{"store", "queue", "vault", "recon", "drill"}, []string{"net/http", "html/template"}, "rooms below the doors speak no HTTP"},
}

// httpWords are the parts of net/http that serve or send. The engine may pass headers on as data, and nothing else.
var httpWords = []string{"Handler", "HandlerFunc", "HandleFunc", "Handle", "ServeMux", "NewServeMux", "ResponseWriter", "Request", "NewRequest", "NewRequestWithContext", "Client", "Server", "Get", "Post", "Redirect", "Error", "ListenAndServe", "Transport", "RoundTripper"}

func checkPure(t *Tree) []Finding {
	var bad []Finding
	for _, f := range t.Go {
		if f.Test {
			continue
		}
		for _, spec := range f.AST.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			for _, r := range purity {
				if slices.Contains(r.rooms, f.Dir) && slices.Contains(r.banned, p) {
					bad = append(bad, t.at(f, spec.Pos(), "%s may not import %s: %s", f.Dir, p, r.why))
				}
			}
		}
		if under(f.Dir, "engine") {
			for _, use := range f.uses("net/http") {
				if slices.Contains(httpWords, use.name) {
					bad = append(bad, t.at(f, use.pos, "engine knows no HTTP, but uses http.%s", use.name))
				}
			}
		}
	}
	return bad
}
