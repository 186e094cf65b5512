package postern

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// LineError is what is wrong with one line of a file.
type LineError struct {
	Line int
	Err  error
}

// Error says the line, the field, what is wrong and how to mend it.
func (e LineError) Error() string {
	text := strconv.Itoa(e.Line) + ": "
	var known *Error
	if !errors.As(e.Err, &known) {
		return text + e.Err.Error()
	}
	if known.Field != "" {
		text += known.Field + ": "
	}
	text += known.Message
	if known.Fix != "" {
		text += "; " + known.Fix
	}
	return text
}

// closureLine is a closure as it is written in a file: one JSON object a line.
type closureLine struct {
	Title     string       `json:"title"`
	By        ClosedBy     `json:"by"`
	Who       string       `json:"who"`
	Source    string       `json:"source"`
	Notice    string       `json:"notice"`
	Evidence  string       `json:"evidence"`
	Scope     lineScope    `json:"scope"`
	Withdraws []Withdrawal `json:"withdraws"`
}

// lineScope counts idle time in days, as people do.
type lineScope struct {
	Scope
	IdleDays int64 `json:"idle_days"`
}

const maxLine = 1 << 20

// ReadClosures reads an owner's closures, one JSON object a line, and says of each line that is wrong what is. Empty lines and those that begin with // are passed
// over. With any error none of the closures is good to use.
func ReadClosures(r io.Reader, owner string) ([]Closure, []LineError) {
	var list []Closure
	var bad []LineError
	seen := map[string]int{}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLine)
	line := 0
	for scanner.Scan() {
		line++
		text := bytes.TrimSpace(scanner.Bytes())
		if len(text) == 0 || bytes.HasPrefix(text, []byte("//")) {
			continue
		}
		c, err := readClosure(text, owner)
		if err == nil {
			err = again(seen, c, line)
		}
		if err != nil {
			bad = append(bad, LineError{line, err})
			continue
		}
		list = append(list, c)
	}
	if err := scanner.Err(); err != nil {
		bad = append(bad, LineError{line + 1, err})
	}
	if len(list)+len(bad) == 0 {
		bad = append(bad, LineError{1, errors.New("there is no closure in it")})
	}
	return list, bad
}

func readClosure(text []byte, owner string) (Closure, error) {
	var l closureLine
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil {
		return Closure{}, errors.New("not a closure: " + strings.TrimPrefix(err.Error(), "json: "))
	}
	if decoder.More() {
		return Closure{}, errors.New("there is something behind the object; write one a line")
	}
	c := Closure{OwnerID: owner, Title: l.Title, By: l.By, Who: l.Who, Source: l.Source, Notice: l.Notice, Evidence: l.Evidence, Scope: l.Scope.Scope, Withdraws: l.Withdraws}
	if l.Scope.IdleDays != 0 {
		c.Scope.IdleFor = time.Duration(l.Scope.IdleDays) * 24 * time.Hour
	}
	if strings.TrimSpace(c.Title) == "" {
		return c, Invalid("title", CodeInvalid, "a closure says what happens", "write a title for people")
	}
	return c, c.Check()
}

// again refuses a closure that stands in the file already.
func again(seen map[string]int, c Closure, line int) error {
	c.Title, c.Who, c.Source, c.Notice, c.Evidence = "", "", "", "", ""
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if first, known := seen[string(text)]; known {
		return Invalid("scope", CodeInvalid, "line "+strconv.Itoa(first)+" closes the same", "remove one of them")
	}
	seen[string(text)] = line
	return nil
}
