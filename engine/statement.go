package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"postern"
	"postern/provider"
)

// StatementTimeout bounds the download of a bill: the largest there is, at two megabytes a second.
const StatementTimeout = provider.MaxStatement / (2 << 20) * time.Second

// maxDownloads is how many bills may be on their way at once: each may fill a gigabyte of the temporary directory.
const maxDownloads = 4

// StatementQuery names a bill: of a channel's account, of one of the provider's kinds, of a day in the provider's zone (Beijing).
type StatementQuery struct {
	MerchantID string
	ChannelID  string
	Kind       string
	Day        time.Time
}

// Statement is a bill that was asked for. State is done, empty or not_ready; only of a done one there is a file. Close it.
type Statement struct {
	State   provider.FetchState
	Code    string // the provider's own word for a bill that there is not
	Message string
	Account string
	Size    int64

	reader provider.Statementer
	query  StatementQuery
	file   *os.File
}

// FetchStatement downloads a bill to a temporary file and changes nothing. A bill that there is not, or not yet, is an answer and no error. CodeProviderRefused: the
// provider will not give it. CodeProviderSilent: no answer came that can be believed.
func (e *Engine) FetchStatement(ctx context.Context, q StatementQuery) (*Statement, error) {
	const op = "engine.FetchStatement"
	year, month, date := q.Day.In(postern.Beijing).Date()
	q.Day = time.Date(year, month, date, 0, 0, 0, 0, postern.Beijing)
	channel, err := e.Store.Channel(ctx, q.MerchantID, q.ChannelID)
	if err != nil {
		return nil, err
	}
	fetcher, err := e.statementFetcher(channel.Provider, q.Kind)
	if err != nil {
		return nil, err
	}
	call, err := e.callFor(ctx, channel)
	if err != nil {
		return nil, err
	}
	if call.Timeout = StatementTimeout; e.Download != nil {
		call.Env.HTTP = e.Download
	}
	if e.downloads.Add(1) > maxDownloads {
		e.downloads.Add(-1)
		return nil, &postern.Error{Code: postern.CodeRateLimited, Op: op, Message: "other bills are being downloaded", Fix: "ask again in a minute"}
	}
	defer e.downloads.Add(-1)
	leave, ok := e.enter(ctx, channel, "statement")
	if !ok {
		return nil, &postern.Error{Code: postern.CodeRateLimited, Op: op, Message: "too many calls to the provider are under way", Fix: "ask again in a minute"}
	}
	defer leave()
	s := &Statement{Account: fetcher.StatementAccount(call), reader: fetcher, query: q}
	if s.file, err = os.CreateTemp("", "postern-statement-"); err != nil {
		return nil, postern.Wrap(postern.CodeInternal, op, err)
	}
	got := fetcher.FetchStatement(ctx, call, q.Kind, q.Day, s.file)
	s.State, s.Code, s.Message, s.Size = got.State, got.Code, got.Message, got.Size
	if err := fetchError(op, got); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// statementFetcher finds who downloads the bills of a provider.
func (e *Engine) statementFetcher(code, kind string) (provider.StatementFetcher, error) {
	const op = "engine.FetchStatement"
	fetcher, ok := e.Registry[code].(provider.StatementFetcher)
	if !ok {
		if _, reads := e.Registry[code].(provider.Statementer); reads {
			return nil, &postern.Error{Code: postern.CodeNotSupported, Op: op, Message: "the provider's bills are not downloaded here", Fix: "download it from the provider's console and read it with `postern statement parse`"}
		}
		return nil, postern.E(postern.CodeNotSupported, op, "the provider has no bills whose format is known")
	}
	if !slices.Contains(fetcher.StatementKinds(), kind) {
		return nil, &postern.Error{Code: postern.CodeInvalid, Op: op, Field: "kind", Message: "the provider has no such kind of bill", Fix: "choose one of " + strings.Join(fetcher.StatementKinds(), ", ")}
	}
	return fetcher, nil
}

// fetchError says what it means for the caller that a bill did not come.
func fetchError(op string, got provider.FetchResult) error {
	why := strings.TrimSpace(got.Code + " " + got.Message)
	switch got.State {
	case provider.FetchDone, provider.FetchEmpty, provider.FetchNotReady:
		return nil
	case provider.FetchRefused:
		return postern.E(postern.CodeProviderRefused, op, "the provider does not give this bill: "+why)
	}
	switch got.Class {
	case provider.ClassRateLimited:
		return &postern.Error{Code: postern.CodeRateLimited, Op: op, Message: "the provider was asked too often: " + why, Fix: "ask again later"}
	case provider.ClassAuth:
		return &postern.Error{Code: postern.CodeProviderRefused, Op: op, Message: "the account's keys are not taken: " + why, Fix: "run `postern channel check`"}
	}
	return &postern.Error{Code: postern.CodeProviderSilent, Op: op, Message: "no answer came that can be believed: " + why, Fix: "ask again: asking changes nothing"}
}

// Each reads the rows in the order of the file. Only when it returns without an error was the bill whole, the account's and the day's; else it is CodeNotWhole, or the error
// of each.
func (s *Statement) Each(each func(provider.StatementLine) error) (provider.StatementSum, error) {
	const op = "engine.Statement.Each"
	var stopped error
	sum, err := s.reader.ReadStatement(s.query.Kind, s.Account, provider.StatementFile{ReaderAt: s.file, Size: s.Size}, func(l provider.StatementLine) error {
		stopped = each(l)
		return stopped
	})
	switch {
	case stopped != nil:
		return sum, stopped
	case err != nil:
		return sum, &postern.Error{Code: postern.CodeNotWhole, Op: op, Message: "this is not the whole bill of the account and the day", Fix: "ask again; if it stays, look at the file with `postern statement fetch`", Err: err}
	}
	if !sum.From.IsZero() && !ofDay(s.query.Day, sum.From, sum.Until) {
		return sum, postern.E(postern.CodeNotWhole, op, fmt.Sprintf("this is the bill from %s to %s", sum.From.Format(time.DateTime), sum.Until.Format(time.DateTime)))
	}
	return sum, nil
}

// ofDay says whether a bill that names these times is of a day. Some bills name the bounds of their day, which may begin an hour before ours; others the first and the last thing that happened.
func ofDay(day, from, until time.Time) bool {
	noon := day.Add(12 * time.Hour)
	around := !noon.Before(from) && !noon.After(until)
	within := !from.Before(day.Add(-time.Hour)) && !until.After(day.Add(24*time.Hour))
	return around || within
}

// WriteTo copies the bill as the provider sent it.
func (s *Statement) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, io.NewSectionReader(s.file, 0, s.Size))
}

// Close removes the temporary file.
func (s *Statement) Close() error {
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}
