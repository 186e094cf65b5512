package wall

import (
	"fmt"
	"time"

	"postern"
)

// Moment is a point in time at which a wall moves, in Unix seconds. Zero means open: no beginning or no end is known.
//
// It is written as a day, 2014-02-13, which is midnight in Beijing (UTC+8), or to the second in RFC 3339, 2014-02-13T12:00:00+08:00.
type Moment int64

// MomentOf is the moment of t, without its fraction of a second.
func MomentOf(t time.Time) Moment { return Moment(t.Unix()) }

// Time is the moment as a time in Beijing.
func (m Moment) Time() time.Time { return time.Unix(int64(m), 0).In(postern.Beijing) }

// IsZero says that the moment is open.
func (m Moment) IsZero() bool { return m == 0 }

// String writes the day when the moment is midnight in Beijing, otherwise RFC 3339, and "" when it is open.
func (m Moment) String() string {
	if m == 0 {
		return ""
	}
	t := m.Time()
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}

// MarshalText writes what String does.
func (m Moment) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what ParseMoment does.
func (m *Moment) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMoment(string(text))
	return err
}

// ParseMoment reads a day or an RFC 3339 time from 1990 to 2199; "" is open.
func ParseMoment(s string) (Moment, error) {
	if s == "" {
		return 0, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, postern.Beijing)
	if err != nil {
		t, err = time.Parse(time.RFC3339, s)
	}
	if err != nil || t.Year() < 1990 || t.Year() > 2199 {
		return 0, fmt.Errorf("%q: write a day from 1990 to 2199 such as 2014-02-13 (midnight in Beijing) or a time such as 2014-02-13T12:00:00+08:00", s)
	}
	return MomentOf(t), nil
}

// Span is how long something holds: from its first moment up to, not including, its last. Zero on either side is open.
type Span struct {
	From  Moment `json:"valid_from,omitzero"`
	Until Moment `json:"valid_to,omitzero"`
}

// Holds says whether at lies in the span.
func (s Span) Holds(at Moment) bool {
	return (s.From == 0 || at >= s.From) && (s.Until == 0 || at < s.Until)
}

// overlaps says whether two spans share a moment.
func (s Span) overlaps(o Span) bool {
	return (s.Until == 0 || o.From == 0 || o.From < s.Until) && (o.Until == 0 || s.From == 0 || s.From < o.Until)
}

// without is what is left of s outside o, at most two pieces.
func (s Span) without(o Span) []Span {
	if !s.overlaps(o) {
		return []Span{s}
	}
	var left []Span
	if o.From != 0 && (s.From == 0 || s.From < o.From) {
		left = append(left, Span{s.From, o.From})
	}
	if o.Until != 0 && (s.Until == 0 || o.Until < s.Until) {
		left = append(left, Span{o.Until, s.Until})
	}
	return left
}

func parseSpan(from, until string) (s Span, err error) {
	if s.From, err = ParseMoment(from); err != nil {
		return s, fmt.Errorf("valid_from %w", err)
	}
	if s.Until, err = ParseMoment(until); err != nil {
		return s, fmt.Errorf("valid_to %w", err)
	}
	if s.From != 0 && s.Until != 0 && s.Until <= s.From {
		return s, fmt.Errorf("valid_to %s is not after valid_from %s: valid_to is the first moment at which the line holds no more", s.Until, s.From)
	}
	return s, nil
}
