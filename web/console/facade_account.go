package console

import (
	"context"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/store"
	"postern/web/ui"
)

// Bounds of an account's page: how many dated sets of keys are listed, how many days its missed calls and its orders are counted, and up to how many orders.
const (
	shownSets   = 8
	missedDays  = 30
	countedDays = 7
	maxCounted  = 100
)

// facadeBody is one account: what to paste where, its keys, and what may be done to it.
type facadeBody struct {
	W        *facadeWords
	Bad      string
	New      string // what has just been made, in words
	Name     string
	Mark     template.HTML
	Off      string // since when it has ended
	Unserved bool
	Facts    []facadeFact
	Secrets  []facadeFact
	Paste    []facadePaste
	Sets     []facadeSet
	Missed   []missedRow
	Changes  string // what a rotation makes new
	Rotate   string // where the forms go
	Disable  string
	Number   string
	Effect   string
	Keys     []facadeField
	Begins   []choice
	Overlaps []choice
	Back     string
}

func (facadeBody) template() string { return "facade" }

// facadeFact is one text to copy.
type facadeFact struct {
	W                *words // of the copy button
	ID, Label, Value string
}

// facadePaste says what to change in code that uses one SDK.
type facadePaste struct{ ID, SDK, Text string }

// facadeSet is one dated set of keys with its files.
type facadeSet struct {
	State, Look, Made string
	Files             []facadeFile
}

type facadeFile struct{ URL, Label string }

type missedRow struct{ What, Times, Day string }

// theAccount finds the account of an address, whose merchant the frame has checked.
func (h *Handler) theAccount(r *http.Request, v *visit) (postern.FacadeAccount, error) {
	return h.cfg.Engine.Store.Facade(r.Context(), v.Merchant.ID, r.PathValue("facade"))
}

func (h *Handler) facadePage(w http.ResponseWriter, r *http.Request, v *visit) {
	account, err := h.theAccount(r, v)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	h.showFacade(w, r, v, account, nil, false, nil)
}

// showFacade is an account's page. Secrets are in it right after they were made, and never again.
func (h *Handler) showFacade(w http.ResponseWriter, r *http.Request, v *visit, account postern.FacadeAccount, secrets map[string]string, issued bool, wrong error) {
	ctx, db := r.Context(), h.cfg.Engine.Store
	faced, err := h.cfg.Engine.Faced(account.Provider)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	keys, err := db.FacadeKeys(ctx, v.Merchant.ID, account.ID)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body := facadeOf(v, faced, account, keys, secrets, h.cfg.Engine.FacadeURLs[account.Provider])
	if body.Missed, err = missedOf(ctx, db, v, account.ID); err == nil {
		body.Effect, err = effectOf(ctx, db, v, body.W, account.ID)
	}
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	status := http.StatusOK
	switch {
	case wrong != nil:
		body.Bad, status = body.W.refused(v, faced.Face(), r, wrong), refusedStatus(wrong)
	case issued:
		body.New = body.W.Issued
	case secrets != nil:
		body.New = body.W.Rotated
	}
	h.render(w, r, v, status, page{Title: body.Name + " " + account.Number, Section: "facades", Body: body})
}

// facadeOf is the page of an account without what is counted.
func facadeOf(v *visit, faced provider.Faced, a postern.FacadeAccount, keys []postern.FacadeKey, secrets map[string]string, base string) facadeBody {
	d, face, words := faced.Describe(), faced.Face(), facadeWordsOf(v.Lang)
	at := v.path("/facades/" + a.ID)
	body := facadeBody{
		W: words, Name: v.Lang.Pick(d.NameZH, d.NameEN), Mark: ui.Mark(d.Colour, d.Glyph), Unserved: base == "", Rotate: at + "/rotate", Disable: at + "/disable", Number: a.Number, Back: v.path("/facades"),
		Keys: givenFields(v, words, face, nil), Begins: words.begins(), Overlaps: words.overlaps(),
	}
	for i := range body.Keys { // a rotation without them leaves them as they are
		body.Keys[i].Required = false
	}
	if !a.DisabledAt.IsZero() {
		body.Off = sprint(words.OffSince, v.stamp(a.DisabledAt))
	}
	if body.Changes = words.RotateLine; a.FormerChannelID != "" {
		body.Changes = words.RotateKept
	}
	if base == "" {
		base = words.NoAddress
	}
	body.Facts = []facadeFact{{wordsOf(v.Lang), "base", words.Address, base}, {wordsOf(v.Lang), "account", words.Number, a.Number}}
	public := map[string]string{}
	if len(keys) > 0 {
		public = keys[0].Public
	}
	body.Facts = append(body.Facts, factsOf(v, words, face, public)...)
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		body.Secrets = append(body.Secrets, facadeFact{wordsOf(v.Lang), "secret-" + name, words.field(v, face, name), secrets[name]})
	}
	fill := strings.NewReplacer("{base_url}", base, "{number}", a.Number, "{serial}", public["serial"])
	for i, p := range face.Paste {
		body.Paste = append(body.Paste, facadePaste{"paste-" + strconv.Itoa(i), p.SDK, fill.Replace(v.Lang.Pick(p.ZH, p.EN))})
	}
	for _, k := range keys[:min(len(keys), shownSets)] {
		body.Sets = append(body.Sets, setOf(v, words, face, at, k))
	}
	return body
}

// factsOf are the public texts of a set that are pasted rather than installed as files. A public key is shown without its first and last line too: some SDKs want that.
func factsOf(v *visit, words *facadeWords, face provider.FaceDescription, public map[string]string) (list []facadeFact) {
	for _, name := range publicNames(face) {
		value := public[name]
		if name == "public_key" {
			value = bare(value)
		}
		if value == "" || strings.HasPrefix(value, "-----BEGIN") {
			continue
		}
		list = append(list, facadeFact{wordsOf(v.Lang), "fact-" + name, words.field(v, face, name), value})
	}
	return list
}

// publicNames are the names of what the switch made and anybody may see, in the order of the description.
func publicNames(face provider.FaceDescription) []string {
	names := []string{"public_key", "serial"}
	for _, f := range face.Keys {
		if f.Own && (f.Kind == provider.KeyCertificate || f.Kind == provider.KeyAuthority || slices.Contains(face.Public, f.Name)) {
			names = append(names, f.Name)
		}
	}
	return names
}

// bare is the base64 of a PEM text in one line.
func bare(pem string) string {
	var b strings.Builder
	for line := range strings.Lines(pem) {
		if !strings.HasPrefix(line, "-----") {
			b.WriteString(strings.TrimSpace(line))
		}
	}
	return b.String()
}

func setOf(v *visit, words *facadeWords, face provider.FaceDescription, at string, k postern.FacadeKey) facadeSet {
	set := facadeSet{Made: v.stamp(k.CreatedAt)}
	switch {
	case v.Now.Before(k.NotBefore):
		set.State, set.Look = sprint(words.SignsFrom, v.stamp(k.NotBefore)), "warn"
	case k.NotAfter.IsZero():
		set.State, set.Look = words.Signs, "ok"
	case v.Now.Before(k.NotAfter):
		set.State, set.Look = sprint(words.SignsUntil, v.stamp(k.NotAfter)), "ok"
	case v.Now.Before(k.RetiredAt):
		set.State, set.Look = sprint(words.BelievedUntil, v.stamp(k.RetiredAt)), "off"
	default:
		set.State, set.Look = words.Over, "off"
	}
	for _, name := range publicNames(face) {
		if strings.HasPrefix(k.Public[name], "-----BEGIN") {
			label := words.PublicFile
			if name != "public_key" {
				label = words.field(v, face, name)
			}
			set.Files = append(set.Files, facadeFile{at + "/" + k.ID + "/" + name, label})
		}
	}
	return set
}

func missedOf(ctx context.Context, db *store.Store, v *visit, accountID string) (list []missedRow, err error) {
	since := v.Now.In(postern.Beijing).AddDate(0, 0, -missedDays)
	calls, err := db.MissedCalls(ctx, v.Merchant.ID, int64(since.Year()*10000+int(since.Month())*100+since.Day()))
	for _, m := range calls {
		if m.AccountID == accountID {
			day := time.Date(int(m.LastDay/10000), time.Month(m.LastDay/100%100), int(m.LastDay%100), 0, 0, 0, 0, postern.Beijing)
			list = append(list, missedRow{m.What, strconv.FormatInt(m.Times, 10), day.Format(time.DateOnly)})
		}
	}
	return list, err
}

// effectOf says in numbers what ending the account would touch.
func effectOf(ctx context.Context, db *store.Store, v *visit, words *facadeWords, accountID string) (string, error) {
	rows, err := db.FacadeDay(ctx, v.Merchant.ID, accountID, v.Now.AddDate(0, 0, -countedDays), v.Now, "", maxCounted+1)
	paid := 0
	for _, row := range rows {
		if row.RefundID == "" {
			paid++
		}
	}
	many := strconv.Itoa(paid)
	if len(rows) > maxCounted {
		many += "+"
	}
	return sprint(words.Effect, many), err
}

func (h *Handler) rotateFacade(w http.ResponseWriter, r *http.Request, v *visit) {
	account, err := h.theAccount(r, v)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	faced, err := h.cfg.Engine.Faced(account.Provider)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	begin, okBegin := waitOf(facadeBegins, r.PostFormValue("begin"))
	overlap, okOverlap := waitOf(facadeOverlaps, r.PostFormValue("overlap"))
	var issued engine.IssuedFacade
	given, err := givenKeys(r, faced.Face())
	switch {
	case err != nil:
	case !account.DisabledAt.IsZero() || !okBegin || !okOverlap:
		err = postern.E(postern.CodeForbidden, opFacade, "the account has ended, or the form is not ours")
	default:
		issued, err = h.cfg.Engine.RotateFacade(r.Context(), v.Actor, v.Merchant.ID, account.ID, engine.FacadeRotation{Keys: given, From: v.Now.Add(begin), Overlap: overlap})
	}
	switch {
	case err == nil:
		h.showFacade(w, r, v, account, issued.Secrets, false, nil)
	case refused(err):
		h.showFacade(w, r, v, account, nil, false, err)
	default:
		h.trouble(w, r, v, err)
	}
}

// disableFacade ends an account after its number was typed once more.
func (h *Handler) disableFacade(w http.ResponseWriter, r *http.Request, v *visit) {
	account, err := h.theAccount(r, v)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	if strings.TrimSpace(r.PostFormValue("typed")) != account.Number {
		h.showFacade(w, r, v, account, nil, false, errTyped)
		return
	}
	if _, err := h.cfg.Engine.DisableFacade(r.Context(), v.Actor, v.Merchant.ID, account.ID); err != nil {
		h.trouble(w, r, v, err)
		return
	}
	see(w, r, v.path("/facades/"+account.ID+"?done"))
}

// facadeFile hands out one public key or certificate of a set.
func (h *Handler) facadeFile(w http.ResponseWriter, r *http.Request, v *visit) {
	account, err := h.theAccount(r, v)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	faced, err := h.cfg.Engine.Faced(account.Provider)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	keys, err := h.cfg.Engine.Store.FacadeKeys(r.Context(), v.Merchant.ID, account.ID)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	name := r.PathValue("name")
	i := slices.IndexFunc(keys, func(k postern.FacadeKey) bool { return k.ID == r.PathValue("key") })
	if i < 0 || !slices.Contains(publicNames(faced.Face()), name) || !strings.HasPrefix(keys[i].Public[name], "-----BEGIN") {
		notFound(w, r)
		return
	}
	ui.Secure(w.Header(), ui.Policy{})
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.pem"`)
	_, _ = w.Write([]byte(keys[i].Public[name])) // the person has gone: nobody to tell
}
