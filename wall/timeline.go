package wall

import (
	"fmt"
	"io/fs"
	"slices"
)

// Entry is one dated event of the timeline: a gate that closed or opened, or a rule that bore upon one.
type Entry struct {
	Event string `json:"event"`
	// Date is the first day; Until, when there is one, the last.
	Date  Moment `json:"date"`
	Until Moment `json:"until,omitzero"`
	// Dates is "about" when the sources give the day only roughly.
	Dates    string `json:"dates,omitempty"`
	EN       string `json:"en"`
	ZH       string `json:"zh"`
	Who      string `json:"who"`
	Evidence string `json:"evidence"`
	Source   string `json:"source,omitempty"`
	Note     string `json:"note,omitempty"`
}

// Timeline lists the entries, oldest first.
func (m *Map) Timeline() []Entry { return slices.Clone(m.entries) }

func (m *Map) loadTimeline(fsys fs.FS) error {
	return eachLine(fsys, "timeline.jsonl", func(e Entry) error {
		if !isCode(e.Event) {
			return fmt.Errorf("event %q: use lower-case letters, digits and hyphens", e.Event)
		}
		if _, twice := m.entryOf[e.Event]; twice {
			return fmt.Errorf("event %q is written twice: remove one line", e.Event)
		}
		if e.Date == 0 || e.Until != 0 && e.Until < e.Date {
			return fmt.Errorf("date, until: write the first day, and a last one that is not before it")
		}
		if n := len(m.entries); n > 0 && m.entries[n-1].Date > e.Date {
			return fmt.Errorf("date %s stands below %s: keep the oldest first", e.Date, m.entries[n-1].Date)
		}
		if e.EN == "" || e.ZH == "" || e.Who == "" {
			return fmt.Errorf("en, zh, who: say in both languages what happened, and who did it")
		}
		if !slices.Contains([]string{"", "about"}, e.Dates) {
			return fmt.Errorf("dates %q: write about, or leave it out", e.Dates)
		}
		if !slices.Contains([]string{EvidenceTwice, EvidenceOnce, EvidencePractice, EvidenceUnknown, EvidenceObservation}, e.Evidence) {
			return fmt.Errorf("evidence %q: use attested_twice, attested_once, practice, unknown or observation", e.Evidence)
		}
		if (e.Evidence == EvidenceTwice || e.Evidence == EvidenceOnce) && e.Source == "" {
			return fmt.Errorf("source: name where it was attested, or mark the line practice")
		}
		m.entryOf[e.Event] = len(m.entries)
		m.entries = append(m.entries, e)
		return nil
	})
}
