package console

import (
	"context"
	"net/http"
	"slices"

	"postern"
	"postern/engine"
	"postern/store"
)

// staffRoutes are who works here, what they did, and how the shop shows itself: of a merchant, and the same of a partner.
var staffRoutes = slices.Concat(ownerRoutes(merchantRoot, false), ownerRoutes(partnerRoot, true))

func ownerRoutes(base string, partner bool) []route {
	list := []route{
		{pattern: "GET " + base + "/people", serve: (*Handler).peoplePage},
		{pattern: "POST " + base + "/people", serve: (*Handler).addPerson},
		{pattern: "POST " + base + "/people/{person}/role", serve: (*Handler).setRole},
		{pattern: "POST " + base + "/people/{person}/disable", serve: personAct((*engine.Engine).DisableStaff)},
		{pattern: "POST " + base + "/people/{person}/enable", serve: personAct((*engine.Engine).EnableStaff)},
		{pattern: "POST " + base + "/people/{person}/reset-totp", serve: personAct((*engine.Engine).ResetTOTP)},
		{pattern: "POST " + base + "/people/{person}/invite", serve: (*Handler).invitePerson},
		{pattern: "GET " + base + "/audit", serve: (*Handler).auditPage},
		{pattern: "GET " + base + "/brand", serve: (*Handler).brandPage},
		{pattern: "POST " + base + "/brand", serve: (*Handler).setBrand},
	}
	for i := range list {
		list[i].roles, list[i].partner = owners, partner
	}
	return list
}

// peopleBody is the list of people, with the form that adds one.
type peopleBody struct {
	W      *peopleWords
	Bad    string
	People []personRow
	Add    string // where the form goes
	Roles  []choice
	Login  string
	Name   string
}

func (peopleBody) template() string { return "people" }

// personRow is one person and what may be done about them.
type personRow struct {
	Name, Login, Role, State    string
	Off, Waiting, Step, Me      bool
	ToRole, ToDisable, ToEnable string
	ToInvite, ToReset           string
	Roles                       []choice
}

// choice is one option of a select.
type choice struct {
	Value, Word string
	Here        bool
}

// invitedBody shows an invitation's link, once.
type invitedBody struct {
	W    *peopleWords
	Line string
	Link string
	Back string
}

func (invitedBody) template() string { return "invited" }

func roleChoices(v *visit, here postern.Role) (list []choice) {
	for _, role := range postern.Roles {
		list = append(list, choice{string(role), roleWord(v.Lang, role), role == here})
	}
	return list
}

func (h *Handler) peoplePage(w http.ResponseWriter, r *http.Request, v *visit) {
	h.showPeople(w, r, v, nil)
}

func (h *Handler) showPeople(w http.ResponseWriter, r *http.Request, v *visit, wrong error) {
	people, _, err := h.cfg.Engine.Store.People(r.Context(), v.owner(), store.Page{Limit: 100}) // there never are more
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	words, status := peopleWordsOf(v.Lang), http.StatusOK
	body := peopleBody{W: words, Add: v.path("/people"), Roles: roleChoices(v, postern.RoleStaff)}
	for _, p := range people {
		body.People = append(body.People, personOf(v, words, p))
	}
	if wrong != nil {
		body.Bad, status = wordsOf(v.Lang).refusal(v.Lang, wrong), statusOf(wrong)
		body.Login, body.Name = r.PostFormValue("login"), r.PostFormValue("name")
	}
	h.render(w, r, v, status, page{Title: wordsOf(v.Lang).People, Section: "people", Body: body})
}

func personOf(v *visit, words *peopleWords, p postern.Staff) personRow {
	at := v.path("/people/" + p.ID)
	row := personRow{
		Name: p.Name, Login: p.Login, Role: roleWord(v.Lang, p.Role), Off: !p.DisabledAt.IsZero(), Waiting: p.Password == "", Step: len(p.TOTP) > 0, Me: p.ID == v.Staff.ID,
		ToRole: at + "/role", ToDisable: at + "/disable", ToEnable: at + "/enable", ToInvite: at + "/invite", ToReset: at + "/reset-totp", Roles: roleChoices(v, p.Role),
	}
	switch {
	case row.Off:
		row.State = words.Off
	case row.Waiting:
		row.State = words.Waiting
	}
	return row
}

func (h *Handler) addPerson(w http.ResponseWriter, r *http.Request, v *visit) {
	in := engine.StaffInput{Login: r.PostFormValue("login"), Name: r.PostFormValue("name"), Role: postern.Role(r.PostFormValue("role"))}
	who, secret, err := h.cfg.Engine.AddStaff(r.Context(), v.Actor, v.owner(), in)
	switch {
	case err == nil:
		h.showInvitation(w, r, v, who, secret)
	case refused(err):
		h.showPeople(w, r, v, err)
	default:
		h.trouble(w, r, v, err)
	}
}

func (h *Handler) showInvitation(w http.ResponseWriter, r *http.Request, v *visit, who postern.Staff, secret string) {
	words := peopleWordsOf(v.Lang)
	body := invitedBody{W: words, Line: sprint(words.InvitedLine, who.Name), Link: h.cfg.Engine.InvitationURL(secret), Back: v.path("/people")}
	h.render(w, r, v, http.StatusOK, page{Title: words.InvitedTitle, Section: "people", Body: body})
}

func (h *Handler) invitePerson(w http.ResponseWriter, r *http.Request, v *visit) {
	who, secret, err := h.cfg.Engine.InviteStaff(r.Context(), v.Actor, v.owner(), r.PathValue("person"))
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	h.showInvitation(w, r, v, who, secret)
}

// personAct is a page's act on one person.
func personAct(act func(e *engine.Engine, ctx context.Context, by engine.Actor, ownerID, id string) (postern.Staff, error)) func(*Handler, http.ResponseWriter, *http.Request, *visit) {
	return func(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
		_, err := act(h.cfg.Engine, r.Context(), v.Actor, v.owner(), r.PathValue("person"))
		h.backToPeople(w, r, v, err)
	}
}

func (h *Handler) setRole(w http.ResponseWriter, r *http.Request, v *visit) {
	// The person is looked for first: a role that does not exist says nothing about somebody who does not.
	who, err := h.cfg.Engine.Store.Staff(r.Context(), v.owner(), r.PathValue("person"))
	if err == nil {
		_, err = h.cfg.Engine.SetRole(r.Context(), v.Actor, v.owner(), who.ID, postern.Role(r.PostFormValue("role")))
	}
	h.backToPeople(w, r, v, err)
}

func (h *Handler) backToPeople(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	see(w, r, v.path("/people?done"))
}
