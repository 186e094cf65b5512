package provider

import (
	"bytes"
	"crypto"
	"iter"
	"slices"
	"strconv"
	"time"
)

// Bounds of one examination: texts that are tried, and their bytes altogether.
const (
	maxTried  = 10_000
	maxHashed = 64 << 20
)

// Step is one mistake on the way to a reading.
type Step struct{ Code, Detail string }

// Reading is one way to build the text that a signature covers. Shown is the text with secrets masked, where it has any. Body is the message's body as it would have been,
// where the reading supposes another than what arrived; Offset and Length are the bytes of the received body that differ, where Body does not tell.
type Reading struct {
	Text           []byte
	Shown          string
	Body           []byte
	Offset, Length int
	Steps          []Step
}

func (r Reading) shown() string {
	if r.Shown != "" {
		return r.Shown
	}
	return string(r.Text)
}

// Way is one thing that people do otherwise. Do changes a draft of the covered text, and says false where it changes nothing; it never changes what it is given.
type Way[D any] struct {
	Code, Detail string
	Do           func(D) (D, bool)
}

// Axis are ways of which a message takes at most one.
type Axis[D any] []Way[D]

// Readings builds the right text first, then each text that is one mistake away from it, then two, up to depth: the first that fits is the simplest explanation.
func Readings[D any](right D, axes []Axis[D], depth int, build func(D) Reading) iter.Seq[Reading] {
	return func(yield func(Reading) bool) {
		for n := range depth + 1 {
			if !combine(right, axes, n, nil, build, yield) {
				return
			}
		}
	}
}

func combine[D any](draft D, axes []Axis[D], n int, steps []Step, build func(D) Reading, yield func(Reading) bool) bool {
	if n == 0 {
		r := build(draft)
		r.Steps = slices.Clone(steps)
		return yield(r)
	}
	for i, axis := range axes {
		for _, way := range axis {
			next, changed := way.Do(draft)
			if changed && !combine(next, axes[i+1:], n-1, append(steps, Step{way.Code, way.Detail}), build, yield) {
				return false
			}
		}
	}
	return true
}

// Fit is a key, and a test whether a text is what its signature covers. RSA says that the key is proven already: the signature unlocks with it, over a digest of this hash.
// Code is the damage that the signature had to be mended of.
type Fit struct {
	Key   TrialKey
	RSA   bool
	Hash  crypto.Hash
	Code  string
	Match func(text []byte) bool
}

// Exam is one examination: it collects facts and findings, and searches.
type Exam struct {
	Specimen Specimen
	Keys     []TrialKey
	words    Mistakes
	d        Diagnosis
	certain  []Finding // what is wrong, proven
	remarks  []Finding // everything else
	fits     bool
	hashed   int
	at, span int // the bytes that the next findings are about
}

// NewExam begins an examination. The words are the provider's, with CommonMistakes among them.
func NewExam(s Specimen, words Mistakes) *Exam {
	long := len(s.Body) > MaxSpecimen
	s.Body = s.Body[:min(len(s.Body), MaxSpecimen)]
	e := &Exam{Specimen: s, words: words}
	if long {
		e.Note("too_long", "")
	}
	e.d.Kind = s.Kind
	e.trialKeys(s.Keys)
	return e
}

// Fact adds something that was read, if there is anything.
func (e *Exam) Fact(zh, en, value string) {
	if value != "" {
		e.d.Facts = append(e.d.Facts, Fact{zh, en, Clip(value)})
	}
}

// Note adds an observation, which may or may not be to blame.
func (e *Exam) Note(code, detail string) {
	e.remarks = append(e.remarks, e.words.Finding(code, detail, false))
}

// Remark adds what is certain and no fault.
func (e *Exam) Remark(code, detail string) {
	e.remarks = append(e.remarks, e.words.Finding(code, detail, true))
}

// Blame adds what is certainly wrong: the message is not valid.
func (e *Exam) Blame(code, detail string) {
	f := e.words.Finding(code, detail, true)
	f.Offset, f.Length = e.at, e.span
	e.certain = append(e.certain, f)
}

// BlameFirst is Blame of what explains the rest.
func (e *Exam) BlameFirst(code, detail string) {
	e.certain = slices.Insert(e.certain, 0, e.words.Finding(code, detail, true))
}

// Digest blames a signature that was made with another hash than the message or the protocol says.
func (e *Exam) Digest(fits []Fit, want crypto.Hash) {
	if len(fits) > 0 && !slices.ContainsFunc(fits, func(f Fit) bool { return f.Hash == want }) {
		e.Blame("digest_other", fits[0].Hash.String())
	}
}

// Ended notes each given certificate that had ended when the message arrived.
func (e *Exam) Ended() {
	for _, k := range e.Keys {
		if k.Cert != nil && !e.Specimen.Now.IsZero() && e.Specimen.Now.After(k.Cert.NotAfter) {
			e.Note("certificate_ended", k.Label())
		}
	}
}

// Clock compares the time in a message with when it arrived.
func (e *Exam) Clock(at time.Time, window time.Duration) {
	if e.Specimen.Now.IsZero() || at.IsZero() {
		return
	}
	if d := e.Specimen.Now.Sub(at); d.Abs() >= window {
		e.Note("clock_skew", d.Round(time.Second).String())
	}
}

// Pair finds a public key or certificate that is the public half of a private key among the given ones, and says which.
func (e *Exam) Pair() (TrialKey, bool) {
	for _, private := range e.Keys {
		for _, k := range e.Keys {
			if private.Private && k.Public != nil && !k.Private && k.Public.Equal(private.Public) {
				return k, true
			}
		}
	}
	return TrialKey{}, false
}

// Fits finds the keys that made a signature, given as messages carry it (base64). It blames the signature's own damage only when a mended one fits.
func (e *Exam) Fits(signature string) []Fit {
	if signature == "" {
		e.Note("no_signature", "")
		return nil
	}
	forms := signatureForms(signature)
	if len(forms) == 0 {
		e.Blame("signature_not_base64", "")
		return nil
	}
	var fits []Fit
	keys, sizes := 0, map[int]bool{}
	for _, k := range e.Keys {
		if k.Public == nil {
			continue
		}
		keys++
		sizes[k.Public.Size()] = true
		for _, f := range forms {
			if hash, digest, ok := unlock(k.Public, f.bytes); ok {
				fits = append(fits, Fit{Key: k, RSA: true, Hash: hash, Code: f.code, Match: func(text []byte) bool { return bytes.Equal(sumOf(hash, text), digest) }})
				break
			}
		}
	}
	switch {
	case keys == 0:
		e.Note("no_keys", "")
	case len(fits) == 0 && !sizes[len(forms[0].bytes)]:
		e.Blame("signature_length", strconv.Itoa(8*len(forms[0].bytes)))
	case len(fits) == 0:
		e.Blame("no_given_key", "")
	}
	return fits
}

// Search holds readings against the signature. The first reading is the text that the protocol prescribes. It says which key and reading fit, and false when none does.
func (e *Exam) Search(fits []Fit, readings iter.Seq[Reading]) (Fit, Reading, bool) {
	var fit Fit
	var found Reading
	matched, wanted := false, len(e.Specimen.Built) > 0
	for r := range readings {
		if e.d.Tried == 0 {
			e.d.Covered = r.shown()
		}
		if e.d.Tried >= maxTried || e.hashed > maxHashed {
			e.d.Cut = true
			break
		}
		e.d.Tried++
		e.hashed += len(r.Text)
		for _, f := range fits {
			if !matched && f.Match(r.Text) {
				fit, found, matched = f, r, true
			}
		}
		if wanted && bytes.Equal(bytes.TrimRight(r.Text, "\r\n"), bytes.TrimRight(e.Specimen.Built, "\r\n")) {
			wanted = false
			e.yours(r)
		}
		if (matched || len(fits) == 0) && !wanted {
			break
		}
	}
	if wanted {
		e.d.Yours = e.words.Finding("built_unknown", "", true)
		e.d.Yours.Offset, e.d.Yours.Length = Differ(e.Specimen.Built, []byte(e.d.Covered))
	}
	return fit, found, e.judge(fits, fit, found, matched)
}

// yours says what is wrong with the text that the asker's program built.
func (e *Exam) yours(r Reading) {
	e.d.Yours = e.words.Finding("built_right", "", true)
	if len(r.Steps) > 0 {
		e.d.Yours = e.words.Finding(r.Steps[0].Code, r.Steps[0].Detail, true)
	}
}

// judge turns the outcome of a search into findings.
func (e *Exam) judge(fits []Fit, fit Fit, r Reading, matched bool) bool {
	if !matched {
		for _, f := range fits {
			if f.RSA {
				e.Blame("text_differs", f.Key.Label())
				break
			}
		}
		return false
	}
	e.fits = true
	e.Fact("签名的密钥", "key that signed", fit.Key.Label())
	if r.Body != nil {
		e.at, e.span = Differ(e.Specimen.Body, r.Body)
	} else {
		e.at, e.span = r.Offset, r.Length
	}
	for _, step := range r.Steps {
		e.Blame(step.Code, step.Detail)
	}
	e.at, e.span = 0, 0
	if fit.Code != "" {
		e.Blame(fit.Code, "")
	}
	if len(r.Steps) > 0 {
		e.d.Signed = r.shown()
	}
	return true
}

// Accept makes a reading that differs from the prescribed one a right one after all, of which the code is a remark.
func (e *Exam) Accept(r Reading, code string) {
	e.certain, e.d.Covered, e.d.Signed = nil, r.shown(), ""
	e.Remark(code, "")
}

// Bring adds a key that the message carries itself. It tells a changed text from another key, and proves nothing of who signed.
func (e *Exam) Bring(k SpecimenKey) { e.trialKeys([]SpecimenKey{k}) }

// Doubt notes why a signature that fits is no proof yet: the message is not valid.
func (e *Exam) Doubt(code, detail string) {
	e.fits = false
	e.Note(code, detail)
}

// Opened says that a message which is not signed was opened with a key that was given.
func (e *Exam) Opened() { e.fits = true }

// Conclude ends the examination.
func (e *Exam) Conclude() Diagnosis {
	d := e.d
	d.Valid = e.fits && len(e.certain) == 0
	all := append(slices.Clone(e.certain), e.remarks...)
	if !d.Valid && len(all) > 0 {
		d.Finding, all = all[0], all[1:]
	} else if i := slices.IndexFunc(all, func(f Finding) bool { return f.Certain }); i >= 0 {
		d.Finding = all[i]
		all = slices.Delete(all, i, i+1)
	}
	d.Others = all
	return d
}

// Differ finds the bytes of got that are not as they were: from the first that differs, up to where the rest is the same again.
func Differ(got, was []byte) (offset, length int) {
	n := min(len(got), len(was))
	for offset < n && got[offset] == was[offset] {
		offset++
	}
	end := 0
	for end < n-offset && got[len(got)-1-end] == was[len(was)-1-end] {
		end++
	}
	return offset, len(got) - end - offset
}

// Depth is how many mistakes at once are looked for in a message of so many bytes: fewer in long ones, so that the time is bounded.
func Depth(size int) int {
	switch {
	case size <= 16<<10:
		return 3
	case size <= 128<<10:
		return 2
	}
	return 1
}
