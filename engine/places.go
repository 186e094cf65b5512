package engine

import (
	"context"
	"time"

	"postern"
	"postern/route"
	"postern/wall"
)

// Place is one row of a merchant's own map: a container, and what each product of each channel comes to there.
type Place struct {
	Container string `json:"container"`
	Form      string `json:"form"`
	ZH        string `json:"name_zh"`
	EN        string `json:"name_en"`
	Cells     []Spot `json:"cells"`
}

// Spot is one product of one channel in one place on one day. State is works, way_out, blocked or unknown; Reason says what decided, and the rest who closed it,
// since when, until when and how we know.
type Spot struct {
	ChannelID string     `json:"channel_id"`
	Provider  string     `json:"provider"`
	Product   string     `json:"product"`
	State     string     `json:"state"`
	Reason    string     `json:"reason"`
	Detail    string     `json:"detail,omitempty"`
	WayOut    string     `json:"way_out,omitempty"`
	ClosureID string     `json:"closure_id,omitempty"`
	ClosedBy  string     `json:"closed_by,omitempty"`
	Who       string     `json:"who,omitempty"`
	Since     *time.Time `json:"since,omitempty"`
	Until     *time.Time `json:"until,omitempty"`
	Evidence  string     `json:"evidence"`
	Source    string     `json:"source,omitempty"`
}

// Places is the merchant's own map of a day: every container against every product of every channel it has, through the planner that the checkout asks. Amount
// (minor units of yuan) stands for the payment that is asked about; container limits the map to one.
func (e *Engine) Places(ctx context.Context, merchantID, container string, amount int64, at time.Time) ([]Place, error) {
	s, err := e.Stall(ctx, merchantID)
	if err != nil {
		return nil, err
	}
	m := e.theWall()
	closures := map[string]*postern.Closure{}
	for i := range s.Closures.List() {
		closures[s.Closures.List()[i].ID] = &s.Closures.List()[i]
	}
	payment := postern.Payment{MerchantID: merchantID, Amount: amount, Currency: "CNY", Live: s.Merchant.Live}
	places := []Place{}
	for _, seen := range m.Table(at, container, "").Rows {
		name := m.Name(seen.Container)
		p := Place{Container: seen.Container, Form: seen.Form, ZH: name.ZH, EN: name.EN, Cells: []Spot{}}
		plan := e.Make(s, e.Input(s, payment, route.Buyer{Container: seen.Container, Form: seen.Form}, at))
		for _, c := range plan.Candidates {
			p.Cells = append(p.Cells, spot(c, m.ReachAt(c.Provider, c.Product, seen, at), closures[c.ClosureID]))
		}
		places = append(places, p)
	}
	return places, nil
}

// spot tells a candidate as the map does. What closes a channel itself goes before what the map says of everybody.
func spot(c route.Candidate, cell wall.Cell, closure *postern.Closure) Spot {
	s := Spot{
		ChannelID: c.ChannelID, Provider: c.Provider, Product: c.Product, State: c.Reach, Reason: c.Reason, Detail: c.Detail, WayOut: c.WayOut, ClosureID: c.ClosureID,
		ClosedBy: cell.ClosedBy, Who: cell.Who, Since: dateOf(cell.From), Until: dateOf(cell.Until), Evidence: c.Evidence, Source: cell.Source,
	}
	switch c.Reason {
	case route.ReasonWorks, route.ReasonUnproven, route.ReasonProbe, route.ReasonWayOut, route.ReasonBlocked:
		return s
	}
	s.State, s.WayOut, s.Since, s.Until, s.ClosedBy, s.Who, s.Source = route.Blocked, "", nil, nil, "", "", ""
	if closure != nil {
		s.ClosedBy, s.Who, s.Source, s.Evidence, s.Detail = string(closure.By), closure.Who, closure.Source, closure.Evidence, closure.Title
		for i := range closure.Withdraws {
			if w := &closure.Withdraws[i]; w.Act == postern.ActPay {
				s.Since = &w.From
				if !w.Until.IsZero() {
					s.Until = &w.Until
				}
			}
		}
	}
	return s
}

func dateOf(m wall.Moment) *time.Time {
	if m == 0 {
		return nil
	}
	t := m.Time()
	return &t
}
