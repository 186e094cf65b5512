package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"postern"
)

// Problem is the body of every error (RFC 9457). It never echoes a value that was sent.
type Problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Code      string `json:"code" doc:"A stable word to program against."`
	Detail    string `json:"detail"`
	Field     string `json:"field,omitempty" doc:"The field that is wrong, as a path."`
	Fix       string `json:"fix,omitempty" doc:"What to send instead."`
	ObjectID  string `json:"object_id,omitempty" doc:"The object that stands in the way."`
	RequestID string `json:"request_id"`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus is huma's way to learn the status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type of problems.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders adds what the status asks for: when to come again, and how to say who one is.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	switch {
	case p.Code == string(postern.CodeInFlight), p.Status == http.StatusServiceUnavailable, p.Status == http.StatusTooManyRequests:
		h.Set("Retry-After", "2")
	case p.Status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="postern"`)
	}
	return h
}

const sorry = "something went wrong on our side; send the same request again to learn what became of it"

// statuses maps every code to its HTTP status, once. What is not here is 400.
var statuses = map[postern.Code]int{
	postern.CodeInvalid: 422, "unknown_currency": 422, "amount_out_of_range": 422, "unknown_target": 422, postern.CodeNotFound: 404, postern.CodeConflict: 409,
	postern.CodeReferenceTaken: 409, postern.CodeAlreadyPaid: 409, postern.CodePaymentClosed: 409, postern.CodeAttemptLive: 409, postern.CodeAttemptUnknown: 409,
	postern.CodeNoRoute: 422, postern.CodeRefundExceeds: 422, postern.CodeNothingToRefund: 409, postern.CodeSurplusSettled: 409, postern.CodeShareExceeds: 422, postern.CodeNothingToShare: 409, postern.CodeNotForSharing: 409, postern.CodeIdempotency: 422,
	postern.CodeInFlight: 409, postern.CodeUnauthenticated: 401, postern.CodeForbidden: 403, postern.CodeModeMismatch: 403, postern.CodeInternal: 500,
	postern.CodeCommitUnknown: 503, postern.CodeRateLimited: 429, postern.CodeProviderRefused: 422, postern.CodeProviderSilent: 502, postern.CodeNotWhole: 502, postern.CodeNotSupported: 422, postern.CodeImpossibleChange: 409,
	postern.CodeSoldOut: 409, postern.CodeLimitReached: 409, postern.CodeNotOnSale: 409, postern.CodePriceChanged: 409,
}

// problem turns any error into a Problem. An error that is not ours is logged by the caller and told as internal.
func problem(ctx context.Context, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		p.RequestID = requestID(ctx)
		return p
	}
	var e *postern.Error
	if !errors.As(err, &e) {
		return newProblem(ctx, http.StatusInternalServerError, string(postern.CodeInternal), sorry, "", "")
	}
	status, ok := statuses[e.Code]
	if !ok {
		status = http.StatusBadRequest
	}
	p = newProblem(ctx, status, string(e.Code), e.Message, e.Field, e.Fix)
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusBadGateway: // what another's server did is for the caller to know
		p.Detail, p.Field, p.Fix = sorry, "", ""
	case e.Code == postern.CodeConflict && e.Fix == "": // The store's own words name tables.
		p.Detail, p.Fix = "another request changed this at the same time", "send the same request again"
	}
	p.ObjectID = e.ID
	return p
}

func newProblem(ctx context.Context, status int, code, detail, field, fix string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail, Field: field, Fix: fix, RequestID: requestID(ctx)}
}

// fromHuma is what huma's own refusals (unknown fields, types, bounds) become: the first one, by field, with what to send. Its messages are rewritten, so that
// none of them echoes a value.
func fromHuma(ctx context.Context, status int, message string, errs ...error) huma.StatusError {
	p := newProblem(ctx, status, codeOfStatus(status), message, "", "see /v1/openapi.json")
	for _, err := range unknownFirst(errs) {
		var d *huma.ErrorDetail
		if !errors.As(err, &d) {
			continue
		}
		p.Field = fieldOf(d.Location)
		switch name, required := strings.CutPrefix(d.Message, "expected required property "); {
		case required:
			name, _, _ = strings.Cut(name, " ")
			p.Field = strings.TrimPrefix(p.Field+"."+name, ".")
			p.Detail, p.Fix = "the field is required", "send it"
		case d.Message == "unexpected property":
			p.Detail, p.Fix = "the API does not know this field", "leave it out, or look for its name in /v1/openapi.json"
		case d.Message == "unknown query parameter":
			p.Detail, p.Fix = "the API does not know this query parameter", "leave it out, or look for its name in /v1/openapi.json"
		case strings.HasSuffix(p.Field, "amount") && strings.HasPrefix(d.Message, "expected number"):
			p.Code, p.Detail, p.Fix = "amount_out_of_range", "the amount must be an integer of minor units from 1 to 1000000000000", "send 6800 for 68.00"
		case strings.HasPrefix(d.Message, "expected "):
			p.Detail, p.Fix = "the value does not fit the field", "send "+article(strings.TrimPrefix(d.Message, "expected "))
		default:
			p.Detail, p.Fix = "a value does not fit its field", "see /v1/openapi.json"
		}
		return p
	}
	return p
}

// unknownFirst puts unknown fields before the rest: a name written wrong is why the right one is missing.
func unknownFirst(errs []error) []error {
	rank := func(err error) int {
		var d *huma.ErrorDetail
		if errors.As(err, &d) && d.Message == "unexpected property" {
			return 0
		}
		return 1
	}
	errs = slices.Clone(errs)
	slices.SortStableFunc(errs, func(a, b error) int { return rank(a) - rank(b) })
	return errs
}

// fieldOf turns huma's location into the name that the caller wrote: of a body the path in it, of the rest the parameter's name.
func fieldOf(location string) string {
	for _, where := range []string{"body", "query", "path", "header"} {
		if rest, ok := strings.CutPrefix(location, where); ok && (rest == "" || rest[0] == '.') {
			return shown(strings.TrimPrefix(rest, "."))
		}
	}
	return shown(location)
}

// article makes a phrase of huma's shorthand.
func article(want string) string {
	switch strings.SplitN(want, " ", 2)[0] {
	case "integer", "array", "object":
		return "an " + want
	case "string", "number", "boolean", "value", "length":
		return "a " + want
	}
	return want
}

func codeOfStatus(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return string(postern.CodeUnauthenticated)
	case http.StatusNotFound:
		return string(postern.CodeNotFound)
	case http.StatusRequestEntityTooLarge:
		return "body_too_large"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	}
	if status >= http.StatusInternalServerError {
		return string(postern.CodeInternal)
	}
	return string(postern.CodeInvalid)
}

// writeProblem answers outside huma (middleware, unknown routes).
func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}
