package console

import (
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"time"

	"postern"
	"postern/engine"
	"postern/roster"
)

// Bounds of a list of shops that is sent to a page; longer ones go through the command line.
const (
	maxList      = 512 << 10 // bytes
	maxListLines = 500       // lines of a plan that are shown
	openBudget   = 15 * time.Second
)

// openBody is the form that takes a list, and what the list would do.
type openBody struct {
	W       *partnerWords
	Bad     string
	Action  string
	Plan    *planBody
	Opened  []engine.ImportInvitation
	Done    string // how many were opened, "" before
	List    string // where the invitations are downloaded
	Shops   string
	NoLines bool // the list is done and nothing remains
}

func (openBody) template() string { return "open" }

// planBody is what a list would do, to be confirmed.
type planBody struct {
	Summary  string
	Lines    []planLine
	More     string // how many lines are not shown
	Refused  bool
	Confirm  string
	File     string // the list, base64, to come back with the confirmation
	Encoding string
	Digest   string
	Nothing  bool
}

// planLine is one line of the list and what becomes of it.
type planLine struct {
	Line       string
	Mark, Word string
	Name, What string
}

func (h *Handler) openPage(w http.ResponseWriter, r *http.Request, v *visit) {
	h.showOpen(w, r, v, http.StatusOK, openBody{})
}

func (h *Handler) showOpen(w http.ResponseWriter, r *http.Request, v *visit, status int, body openBody) {
	body.W, body.Action, body.List, body.Shops = partnerWordsOf(v.Lang), partnerRoot+"/open", partnerRoot+"/open/invitations.csv", partnerRoot
	h.render(w, r, v, status, page{Title: wordsOf(v.Lang).Open, Section: "open", Body: body})
}

func (h *Handler) imported(v *visit, file []byte, encoding string) engine.Import {
	if encoding != roster.GBK {
		encoding = roster.UTF8
	}
	return engine.Import{PartnerID: v.PartnerID, Live: h.cfg.Engine.Live, Encoding: encoding, File: file, By: v.Actor}
}

// planShops reads a list and shows what it would do. Nothing is written.
func (h *Handler) planShops(w http.ResponseWriter, r *http.Request, v *visit) {
	file, err := uploaded(r, "file", maxList)
	if err != nil {
		h.notPlanned(w, r, v, err)
		return
	}
	in := h.imported(v, file, r.FormValue("encoding"))
	plan, err := h.cfg.Engine.PlanImport(r.Context(), in)
	if err != nil {
		h.notPlanned(w, r, v, err)
		return
	}
	h.showOpen(w, r, v, http.StatusOK, openBody{Plan: planOf(v, plan, in)})
}

// uploaded reads one file of a form, at most limit bytes.
func uploaded(r *http.Request, field string, limit int64) ([]byte, error) {
	wrong := postern.Invalid(field, postern.CodeInvalid, "the file is missing or too large", "choose a file of at most 512 KB")
	if err := r.ParseMultipartForm(limit); err != nil {
		return nil, wrong
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	f, _, err := r.FormFile(field)
	if err != nil {
		return nil, wrong
	}
	defer func() { _ = f.Close() }() // it was only read
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil || int64(len(raw)) > limit || len(raw) == 0 {
		return nil, wrong
	}
	return raw, nil
}

// notPlanned shows the form again and says why the list cannot be read. What is wrong with the list as a whole is told in the reader's own words: they name the
// column or the line, which no general sentence can.
func (h *Handler) notPlanned(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	known, ok := asError(err)
	if !ok || !refused(err) {
		h.trouble(w, r, v, err)
		return
	}
	words := partnerWordsOf(v.Lang)
	bad := sprint(words.Unreadable, listRefusal(v.Lang, known.Message, known.Fix))
	switch {
	case known.Code == postern.CodeConflict:
		bad = words.Changed
	case known.Field == "file":
		bad = words.NoFile
	}
	h.showOpen(w, r, v, statusOf(err), openBody{Bad: bad})
}

func planOf(v *visit, plan engine.ImportPlan, in engine.Import) *planBody {
	words := partnerWordsOf(v.Lang)
	out := &planBody{
		Summary: sprint(words.Summary, plan.New, plan.Changed, plan.Unchanged, plan.Refused), Refused: plan.Refused > 0, Confirm: partnerRoot + "/open/confirm",
		File: base64.StdEncoding.EncodeToString(in.File), Encoding: in.Encoding, Digest: plan.Digest, Nothing: plan.Done,
	}
	for i, row := range plan.Rows {
		if i == maxListLines {
			out.More = sprint(words.MoreLines, len(plan.Rows)-i)
			break
		}
		out.Lines = append(out.Lines, planLineOf(v, words, row))
	}
	return out
}

func planLineOf(v *visit, words *partnerWords, row engine.ImportLine) planLine {
	line := planLine{Line: strconv.Itoa(row.Line), Mark: markDone, Word: words.New, Name: row.Name}
	if line.Name == "" {
		line.Name = row.Reference
	}
	switch row.Outcome {
	case engine.ImportChanged:
		line.Word = words.ChangedLine
	case engine.ImportRefused:
		line.Mark, line.Word, line.What = markMissing, words.Refused, row.Field+": "+listRefusal(v.Lang, row.Message, row.Fix)
		return line
	}
	for _, c := range row.Changes {
		if line.What != "" {
			line.What += ", "
		}
		line.What += c.Field + ": "
		if c.From != "" {
			line.What += c.From + " → "
		}
		line.What += c.To
	}
	return line
}

// openShops writes exactly the plan that was seen. When it takes too long, the rest is a plan of its own.
func (h *Handler) openShops(w http.ResponseWriter, r *http.Request, v *visit) {
	file, err := base64.StdEncoding.DecodeString(r.PostFormValue("file"))
	if err != nil || len(file) == 0 || len(file) > maxList {
		h.notPlanned(w, r, v, postern.Invalid("file", postern.CodeInvalid, "the list has not come back whole", "choose the file again"))
		return
	}
	in := h.imported(v, file, r.PostFormValue("encoding"))
	plan, err := h.cfg.Engine.RunImport(r.Context(), in, r.PostFormValue("digest"), openBudget)
	if err != nil {
		h.notPlanned(w, r, v, err)
		return
	}
	body := openBody{Done: sprint(partnerWordsOf(v.Lang).Written, plan.Written), Opened: plan.Invitations, NoLines: plan.Done}
	if !plan.Done {
		body.Plan = planOf(v, plan, in)
	}
	h.showOpen(w, r, v, http.StatusOK, body)
}

// invitationsCSV hands the links that a page has just shown back as a file: they are stored nowhere, so the page sends them along.
func (h *Handler) invitationsCSV(w http.ResponseWriter, r *http.Request, v *visit) {
	if err := r.ParseForm(); err != nil {
		h.trouble(w, r, v, postern.Invalid("file", postern.CodeInvalid, "the list has not come back whole", "open the shops again"))
		return
	}
	words := partnerWordsOf(v.Lang)
	lines := [][]string{{words.ColReference, words.ColName, words.ColLogin, words.ColLink}}
	for i, name := range r.PostForm["name"] {
		lines = append(lines, []string{nth(r.PostForm["reference"], i), name, nth(r.PostForm["login"], i), nth(r.PostForm["url"], i)})
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="invitations.csv"`)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = roster.Write(w, lines) // the person has gone: nobody to tell
}

func nth(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}
