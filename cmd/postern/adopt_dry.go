package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/all"
)

// notCovered is the exit code of a log in which something is not covered, or in which there is no call at all.
const notCovered exitCode = 3

// maxCallNames bounds the lines of a report; what comes after them is one line.
const maxCallNames = 500

// otherCalls is that line.
const otherCalls = "(others)"

// callTally is one line of the report. Names have no number, key or person in them: the provider's code makes them.
type callTally struct {
	Call   string     `json:"call"`
	Answer callAnswer `json:"answer"`
	Calls  int64      `json:"calls"`
	First  time.Time  `json:"first,omitzero"`
	Last   time.Time  `json:"last,omitzero"`
	OldToo bool       `json:"old_orders_pass_through"`
}

// callAnswer is what the facade says to a call.
type callAnswer string

const (
	callCovered callAnswer = "covered"
	callRefused callAnswer = "as without permission"
	callUnsure  callAnswer = "the log does not say"
	callDepends callAnswer = "by its own account"
)

// callReport is the whole of it. Tenths are of a percent, rounded down, so that 1000 means all.
type callReport struct {
	Format      string      `json:"format"`
	Lines       []callTally `json:"calls"`
	Calls       int64       `json:"total"`
	Covered     int64       `json:"covered"`
	Unsure      int64       `json:"unsure"`
	Depends     int64       `json:"by_own_account"`
	Others      int64       `json:"of_another_protocol"`
	Unread      int64       `json:"unreadable"`
	FirstUnread int64       `json:"first_unreadable,omitempty"`
	Tenths      int64       `json:"covered_tenths_of_percent"`
	Cut         bool        `json:"cut"`
}

// reportCalls reads a log and says of every call what the facade would do with it.
func reportCalls(r io.Reader, adopter provider.Adopter) (callReport, error) {
	var out callReport
	tallies := map[string]*callTally{}
	known, err := readCalls(r, func(call loggedCall) {
		c, ok := adopter.Covers(call.Method, call.Target, call.Body)
		if !ok || !c.Covered && anotherCovers(adopter, call) {
			out.Others++
			return
		}
		answer := callRefused
		switch {
		case c.Unsure:
			answer = callUnsure
			out.Unsure++
		case c.Depends:
			answer = callDepends
			out.Depends++
		case c.Covered:
			answer = callCovered
			out.Covered++
		}
		out.Calls++
		key := c.Name + "\n" + string(answer)
		t := tallies[key]
		if t == nil && len(tallies) >= maxCallNames {
			c.Name, key = otherCalls, otherCalls+"\n"+string(answer)
			t = tallies[key]
		}
		if t == nil {
			t = &callTally{Call: c.Name, Answer: answer, OldToo: c.PassesOn}
			tallies[key] = t
		}
		t.add(call.At)
	})
	for _, t := range tallies {
		out.Lines = append(out.Lines, *t)
	}
	slices.SortFunc(out.Lines, func(a, b callTally) int { // what is missing first, then what is frequent
		return cmp.Or(cmp.Compare(rank[a.Answer], rank[b.Answer]), cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Call, b.Call))
	})
	out.Format, out.Unread, out.FirstUnread, out.Cut = known.Format, known.Unread, known.FirstUnread, known.Cut
	if out.Calls > 0 {
		out.Tenths = out.Covered * 1000 / out.Calls
	}
	return out, err
}

// anotherCovers says that a call is one of another provider's protocol: a log may have both, and paths begin alike.
func anotherCovers(adopter provider.Adopter, call loggedCall) bool {
	for _, code := range faced() {
		other, ok := all.Registry()[code].(provider.Adopter)
		if !ok || code == adopter.Describe().Code {
			continue
		}
		if c, ok := other.Covers(call.Method, call.Target, call.Body); ok && c.Covered {
			return true
		}
	}
	return false
}

var rank = map[callAnswer]int{callRefused: 0, callUnsure: 1, callDepends: 2, callCovered: 3}

func (t *callTally) add(at time.Time) {
	t.Calls++
	if at.IsZero() {
		return
	}
	if t.First.IsZero() || at.Before(t.First) {
		t.First = at
	}
	if at.After(t.Last) {
		t.Last = at
	}
}

// dryRun prints the report. It needs no configuration and no database, and asks nobody.
func (c *adoptCmd) dryRun(rt *runtime, adopter provider.Adopter) error {
	in := rt.stdin
	if c.DryRun != "-" {
		f, err := os.Open(c.DryRun)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	report, err := reportCalls(in, adopter)
	if err != nil {
		return err
	}
	if c.JSON {
		text, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintln(rt.stdout, string(text))
	} else {
		report.print(rt.stdout, adopter.Describe())
	}
	if report.Calls == 0 || report.Covered < report.Calls {
		return notCovered
	}
	return nil
}

func (r callReport) print(w io.Writer, d provider.Description) {
	fmt.Fprintf(w, "%s, %d calls of %s; times are Beijing's\n", r.Format, r.Calls, d.NameEN)
	for _, l := range r.Lines {
		when, answer := "", string(l.Answer)
		if !l.First.IsZero() {
			when = "  " + toMinute(l.First) + " to " + toMinute(l.Last)
		}
		if l.OldToo {
			answer += ", old orders too"
		}
		fmt.Fprintf(w, "%8d  %-24s  %s%s\n", l.Calls, answer, l.Call, when)
	}
	if r.Others > 0 {
		fmt.Fprintf(w, "%8d  calls of something else\n", r.Others)
	}
	if r.Unread > 0 {
		fmt.Fprintf(w, "%8d  that are no call, the first of them number %d\n", r.Unread, r.FirstUnread)
	}
	if r.Cut {
		fmt.Fprintln(w, "only the first gigabyte was read")
	}
	if r.Calls == 0 {
		fmt.Fprintf(w, "there is no call of %s in the log\n", d.NameEN)
		return
	}
	if r.Unsure > 0 {
		fmt.Fprintf(w, "%d calls cannot be told, because the log has no bodies: a HAR or JSON Lines with bodies can\n", r.Unsure)
	}
	if r.Depends > 0 {
		fmt.Fprintf(w, "%d calls are done where the shop's own account at %s, with its number, app and key, is behind the issued one, and refused elsewhere\n", r.Depends, d.NameEN)
	}
	fmt.Fprintf(w, "%d.%d %% of calls are covered\n", r.Tenths/10, r.Tenths%10)
}

// toMinute is a moment of Beijing.
func toMinute(at time.Time) string { return at.In(postern.Beijing).Format("2006-01-02 15:04") }
