package provider

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Diagnoser finds out why a signature does not fit. Keys are what the asker hands over with the message, never the vault's.
type Diagnoser interface {
	// Claims says how surely a message is of this provider's protocol: 0 not at all, 3 beyond doubt.
	Claims(s Specimen) int
	// Diagnose examines a message of its protocol. It cannot fail: what cannot be read is a finding.
	Diagnose(s Specimen) Diagnosis
	// Mistakes lists whatever Diagnose can find.
	Mistakes() Mistakes
}

// SpecimenKind says what a message is. Empty lets the diagnoser guess.
type SpecimenKind string

// Kinds of messages: who signed a request is the merchant, who signed the others is the provider.
const (
	SpecimenRequest      SpecimenKind = "request"
	SpecimenResponse     SpecimenKind = "response"
	SpecimenNotification SpecimenKind = "notification"
)

// MaxSpecimen bounds a message's body, in bytes.
const MaxSpecimen = 1 << 20

// Specimen is a message as its receiver or sender has it. Header names are spelled as they arrived; URL is the target of the request line or a whole address. Built is the
// text that the asker's own program signs or verifies, if they know it. Now is when the message arrived; zero leaves the clock out of it.
type Specimen struct {
	Kind        SpecimenKind
	Method, URL string
	Status      int
	Header      http.Header
	Body        []byte
	Keys        []SpecimenKey
	Built       []byte
	Now         time.Time
}

// SpecimenKey is something the asker has: a PEM text (or the bare base64 of one) of a public key, a certificate or a private key, of which only the public half is tried and
// nothing is ever shown; or a shared secret. Name is a field of the provider's Description, the id of the key, or empty.
type SpecimenKey struct {
	Name, PEM string
	Secret    []byte
}

// Diagnosis is what the doctor says. Valid means that the signature fits the text which the protocol prescribes, under a key that was given. Covered is that text; Signed is
// the text that the signature does fit, where it is another. Secrets in either are masked. Finding is what is to blame, with an empty Code where nothing is.
type Diagnosis struct {
	Kind            SpecimenKind
	Valid           bool
	Covered, Signed string
	Finding         Finding
	Others          []Finding
	Facts           []Fact
	// Yours is what is wrong with the text that the asker built, where they gave one: its Offset and Length are then in that text.
	Yours Finding
	// Tried is how many texts were held against the signature; Cut says that there were more, but the search is bounded.
	Tried int
	Cut   bool
}

// Finding is one thing that is wrong, with its remedy, in a sentence each. Certain means proven: some text or key that differs in nothing else does verify. Offset and Length
// are the bytes of the body that are to blame; both are zero where there are none.
type Finding struct {
	Code           string
	ZH, EN         string
	Offset, Length int
	Certain        bool
}

// Fact is something read out of the message: a key's id, a time, a scheme.
type Fact struct{ ZH, EN, Value string }

// Mistake is one kind of finding. In its sentences {} stands for what is particular to the message: a parameter's name, a serial number.
type Mistake struct{ Code, ZH, EN string }

// Mistakes are looked up by code.
type Mistakes []Mistake

// Finding makes a finding of a code. A code that is not listed speaks for itself.
func (m Mistakes) Finding(code, detail string, certain bool) Finding {
	f := Finding{Code: code, ZH: code, EN: code, Certain: certain}
	if i := slices.IndexFunc(m, func(x Mistake) bool { return x.Code == code }); i >= 0 {
		detail = Clip(detail)
		f.ZH, f.EN = strings.ReplaceAll(m[i].ZH, "{}", detail), strings.ReplaceAll(m[i].EN, "{}", detail)
	}
	return f
}

// Clip makes a piece of a stranger's message fit for a sentence: one line of at most 80 characters without control characters.
func Clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), 400)], "?"))
	if runes := []rune(s); len(runes) > 80 {
		return string(runes[:79]) + "…"
	}
	return s
}

// Diagnose hands a message to the provider that claims it most surely, or to the one that is named. It says false when no provider claims it.
func (r Registry) Diagnose(code string, s Specimen) (string, Diagnosis, bool) {
	best, by, chosen := 0, "", Diagnoser(nil)
	for _, c := range r.Codes() {
		d, ok := r[c].(Diagnoser)
		if !ok || code != "" && c != code {
			continue
		}
		claim := d.Claims(s)
		if code != "" { // who is named need not claim it
			claim++
		}
		if claim > best {
			best, by, chosen = claim, c, d
		}
	}
	if chosen == nil {
		return "", Diagnosis{}, false
	}
	return by, chosen.Diagnose(s), true
}

// Get returns a header whatever the case of its name.
func (s Specimen) Get(name string) string {
	v, _ := s.Like(name)
	return v
}

// Like finds a header by its name in any case and, failing that, as proxies and CGI rename it (HTTP_ in front, _ for -, X- in front). It returns the spelling too.
func (s Specimen) Like(name string) (value, spelled string) {
	if v := s.Header[name]; len(v) > 0 {
		return v[0], name
	}
	names := make([]string, 0, len(s.Header))
	for k := range s.Header {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, plain := range []func(string) string{strings.ToLower, plainHeader} {
		for _, k := range names {
			if v := s.Header[k]; len(v) > 0 && plain(k) == plain(name) {
				return v[0], k
			}
		}
	}
	return "", ""
}

func plainHeader(name string) string {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	return strings.TrimPrefix(strings.TrimPrefix(name, "http-"), "x-")
}

// Target is the path with its query as the request line has them, without scheme and host.
func (s Specimen) Target() string {
	rest := s.URL
	if i := strings.Index(rest, "://"); i >= 0 && !strings.HasPrefix(rest, "/") {
		if slash := strings.IndexAny(rest[i+3:], "/?"); slash >= 0 {
			rest = rest[i+3+slash:]
		} else {
			rest = "/"
		}
		if strings.HasPrefix(rest, "?") {
			rest = "/" + rest
		}
	}
	rest, _, _ = strings.Cut(rest, "#")
	return rest
}

// Query is the raw query of the target.
func (s Specimen) Query() string {
	_, query, _ := strings.Cut(s.Target(), "?")
	return query
}

// Form says that the body looks like a form: names and values joined by =, and no markup.
func (s Specimen) Form() bool {
	b := strings.TrimSpace(string(s.Body[:min(len(s.Body), 256)]))
	if b == "" || b[0] == '{' || b[0] == '<' || b[0] == '[' {
		return false
	}
	name, _, found := strings.Cut(b, "=")
	_, err := url.QueryUnescape(name)
	return found && err == nil && !strings.ContainsAny(name, " \n{\"")
}
