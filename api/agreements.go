package api

import (
	"context"
	"net/http"
	"time"

	"postern"
)

// AgreementBody is the paper behind a channel.
type AgreementBody struct {
	Terms        []TermBody  `json:"terms,omitempty" maxItems:"50" doc:"Signed spans in the order of time; a renewal is another one. None counts as signed and open-ended."`
	Renewable    bool        `json:"renewable,omitempty"`
	Scenes       []string    `json:"scenes,omitempty" maxItems:"64" doc:"The containers that it covers; all, if left out."`
	Categories   []string    `json:"categories,omitempty" maxItems:"64" doc:"The trades that it covers; all, if left out."`
	Regions      []string    `json:"regions,omitempty" maxItems:"64" doc:"The places that it covers; all, if left out."`
	FeeBP        int64       `json:"fee_bp,omitempty" doc:"What the provider keeps, in hundredths of a per cent."`
	Quota        QuotaBody   `json:"quota,omitempty"`
	Licences     []PaperBody `json:"licences,omitempty" maxItems:"50"`
	Certificates []PaperBody `json:"certificates,omitempty" maxItems:"50"`
	DormantDays  int64       `json:"dormant_days,omitempty" doc:"After how many days without a sale the provider suspends the channel."`
}

// TermBody is one signed span.
type TermBody struct {
	From  time.Time  `json:"from"`
	Until *time.Time `json:"until,omitempty" doc:"The moment from which it holds no more; open-ended, if left out."`
}

// QuotaBody bounds what a channel may take, in minor units; days and months are Beijing's.
type QuotaBody struct {
	Order int64 `json:"order,omitempty"`
	Day   int64 `json:"day,omitempty"`
	Month int64 `json:"month,omitempty"`
}

// PaperBody is a licence or a certificate.
type PaperBody struct {
	Name  string    `json:"name" maxLength:"100"`
	Until time.Time `json:"until"`
}

// AgreementEditBody is the body of PUT /v1/channels/{id}/agreement.
type AgreementEditBody struct {
	Version   int64         `json:"version" minimum:"1" doc:"The version of the channel that you read."`
	Agreement AgreementBody `json:"agreement"`
}

type agreementIn struct {
	ID   string `path:"id"`
	Body AgreementEditBody
}

func (a *API) agreements() {
	handle(a, op("set-agreement", http.MethodPut, "/v1/channels/{id}/agreement", "Replace the agreement behind a channel",
		"Its terms, limits, papers and fee. Checkouts obey it with the next plan, and the calendar tells what of it ends. One that contradicts itself is refused.", http.StatusOK, http.StatusConflict), a.setAgreement)
}

func (a *API) setAgreement(ctx context.Context, in *agreementIn) (*channelOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	c, err := a.Engine.SetAgreement(ctx, m.ID, in.ID, in.Body.Version, agreementOf(in.Body.Agreement))
	if err != nil {
		return nil, err
	}
	return &channelOut{Body: viewChannel(c)}, nil
}

func agreementOf(b AgreementBody) postern.Agreement {
	out := postern.Agreement{
		Renewable: b.Renewable, Scenes: b.Scenes, Categories: b.Categories, Regions: b.Regions, FeeBP: b.FeeBP, Quota: postern.Quota(b.Quota), DormantDays: b.DormantDays,
		Licences: papersOf(b.Licences), Certificates: papersOf(b.Certificates),
	}
	for _, t := range b.Terms {
		out.Terms = append(out.Terms, postern.Term{From: t.From.UTC(), Until: orZero(t.Until)})
	}
	return out
}

func papersOf(list []PaperBody) []postern.Paper {
	var out []postern.Paper
	for _, p := range list {
		out = append(out, postern.Paper{Name: p.Name, Until: p.Until.UTC()})
	}
	return out
}

func viewAgreement(a postern.Agreement) AgreementBody {
	out := AgreementBody{
		Renewable: a.Renewable, Scenes: a.Scenes, Categories: a.Categories, Regions: a.Regions, FeeBP: a.FeeBP, Quota: QuotaBody(a.Quota), DormantDays: a.DormantDays,
	}
	for _, t := range a.Terms {
		out.Terms = append(out.Terms, TermBody{From: t.From, Until: orNil(t.Until)})
	}
	for _, p := range a.Licences {
		out.Licences = append(out.Licences, PaperBody(p))
	}
	for _, p := range a.Certificates {
		out.Certificates = append(out.Certificates, PaperBody(p))
	}
	return out
}
